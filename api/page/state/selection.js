/** Which hits are chosen, and what can be done with them. */
import { signal } from '../vendor/preact.js';
import { collectionPath, send } from './api.js';
import { hits } from './results.js';

/** @type {import('../vendor/preact.js').Signal<ReadonlySet<string>>} */
export const selection = signal(new Set());
let anchor = -1;

/** @param {number} index */
export function toggle(index) {
  const next = new Set(selection.value);
  const { id } = hits.value[index];
  if (!next.delete(id)) next.add(id);
  anchor = index;
  selection.value = next;
}

/** Choose everything from the last one chosen to this one. @param {number} index */
export function extendTo(index) {
  const from = anchor < 0 ? index : anchor;
  const next = new Set(selection.value);
  for (let at = Math.min(from, index); at <= Math.max(from, index); at += 1) {
    next.add(hits.value[at].id);
  }
  selection.value = next;
}

export function clearSelection() {
  anchor = -1;
  selection.value = new Set();
}

/** The chosen hits in the order shown. */
export function chosen() {
  return hits.value.filter((one) => selection.value.has(one.id));
}

/**
 * A table of hits, as spreadsheets read it.
 * @param {import('./results.js').Hit[]} list
 */
export function tableOf(list) {
  const names = [...new Set(list.flatMap((one) => Object.keys(one.metadata)))];
  const rows = list.map((one) => [
    one.id, one.uri, one.relevance ?? '', ...names.map((name) => one.metadata[name] ?? ''),
  ]);
  return [['id', 'uri', 'relevance', ...names], ...rows]
    .map((row) => row.map(cell).join(','))
    .join('\r\n');
}

/** A cell; what a spreadsheet would run as a formula is kept from that. @param {unknown} value */
function cell(value) {
  let text = Array.isArray(value) ? value.join('; ') : String(value);
  if (typeof value !== 'number' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Hand a text out as a file.
 * @param {string} name
 * @param {string} text
 * @param {string} [type]
 */
export function download(name, text, type = 'text/plain') {
  keep(name, new Blob([text], { type: `${type};charset=utf-8` }));
}

/**
 * Have the browser keep the pictures of records as they came, in one archive.
 * @param {string} collection
 * @param {string[]} ids
 */
export async function downloadOriginals(collection, ids) {
  const response = await send('POST', collectionPath(collection, '/originals'), { ids });
  keep(`${collection}.zip`, await response.blob());
}

/** @param {string} name @param {Blob} blob */
function keep(name, blob) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * Copy a text; works on plain HTTP too, where the clipboard's own interface does not exist.
 * @param {string} text
 */
export function copy(text) {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'hidden';
  const host = document.querySelector('dialog[open]') ?? document.body;
  host.append(area);
  area.select();
  const isDone = document.execCommand('copy');
  area.remove();
  return isDone;
}
