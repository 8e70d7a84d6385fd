// Makes api/page/vendor anew: npm ci --ignore-scripts && node build.mjs
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, '..', '..', 'api', 'page', 'vendor');
const bundle = join(target, 'preact.js');
mkdirSync(target, { recursive: true });
await build({
  entryPoints: [join(here, 'entry.js')],
  outfile: bundle,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'none',
});

const lock = JSON.parse(readFileSync(join(here, 'package-lock.json'), 'utf-8')).packages;
const packages = Object.entries(lock).filter(([place, one]) => place && !one.dev);
const sources = packages.map(([place, one]) => ({
  name: place.replace('node_modules/', ''),
  version: one.version,
  integrity: one.integrity,
  license: one.license,
}));
const texts = packages.map(([place]) => {
  const name = place.replace('node_modules/', '');
  return `${name}\n${'='.repeat(name.length)}\n\n${readFileSync(join(here, place, 'LICENSE'), 'utf-8').trim()}\n`;
});
writeFileSync(join(target, 'LICENSES.txt'), texts.join('\n\n'));
const sha256 = createHash('sha256').update(readFileSync(bundle)).digest('hex');
const list = { file: 'preact.js', sha256, packages: sources };
writeFileSync(join(target, 'SOURCES.json'), `${JSON.stringify(list, null, 2)}\n`);
