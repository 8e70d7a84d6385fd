/** What is known of a record: texts, place, labels, all metadata, why it was found. */
import { html } from '../vendor/preact.js';
import { blankChoice, go, question } from '../state/address.js';
import { fields, isTechnical } from '../state/collections.js';
import { fieldLabel, number, t } from '../words/words.js';
import { looksFor } from '../state/query.js';
import { nameOf, shownValue } from '../grid/tile.js';
import { Marked } from '../views/marked.js';
import { copy } from '../state/selection.js';
import { tell } from '../state/notice.js';

/** @param {string} field @param {unknown} value */
function narrow(field, value) {
  const choices = { ...question.value.choices, [field]: { ...blankChoice(), values: [String(value)] } };
  go({ choices, open: '' });
}

/** Whatever was taken near where this was. @param {{metadata: Record<string, unknown>}} properties */
function NearHere({ metadata }) {
  const { latitude, longitude } = metadata;
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return null;
  const near = `${Number(latitude.toFixed(5))},${Number(longitude.toFixed(5))},10km`;
  const narrowed = () => go({ choices: { ...question.value.choices, location: { ...blankChoice(), near } }, open: '' });
  return html`<p><button type="button" onClick=${narrowed}>${t('nearHere')}</button></p>`;
}

/** @param {{name: string, value: any, words: string[]}} properties */
function Fact({ name, value, words }) {
  const type = fields.value.find((one) => one.name === name)?.type;
  const isWord = type === 'keyword' || type === 'keywords' || type === 'boolean';
  const list = Array.isArray(value) ? value : [value];
  if (isWord) {
    return html`<dd>${list.map((one) => html`<button type="button" class="link" title=${t('onlyThese')} onClick=${() => narrow(name, one)}>${String(one)}</button> `)}</dd>`;
  }
  if (typeof value === 'string' && type === 'text') return html`<dd><${Marked} text=${value} words=${words} /></dd>`;
  return html`<dd>${shownValue(name, value)}</dd>`;
}

/** @param {{record: any, hit: any}} properties */
export function Facts({ record, hit }) {
  const words = hit?.contributions?.flatMap((/** @type {any} */ one) => one.words) ?? [];
  const texts = (record.parts ?? []).filter((/** @type {any} */ one) => one.kind === 'text' && one.text);
  const known = Object.values(record.metadata);
  const fresh = texts.filter((/** @type {any} */ one) => !known.includes(one.text) && one.text !== nameOf(record));
  const names = Object.keys(record.metadata).filter((one) => one !== 'sha256');
  names.sort((a, b) => Number(isTechnical(a)) - Number(isTechnical(b)));
  const found = hit?.contributions?.map((/** @type {any} */ one) => t(`ranking-${one.ranking}`)) ?? [];
  return html`
    ${fresh.map((/** @type {any} */ one) => html`<blockquote><${Marked} text=${one.text} words=${words} /></blockquote>`)}
    <dl class="facts">
      ${names.map((name) => html`<dt>${fieldLabel(name)}</dt><${Fact} name=${name} value=${record.metadata[name]} words=${words} />`)}
      <dt>${t('file')}</dt><dd class="mono">${record.uri}</dd>
      <dt>${t('recordId')}</dt><dd class="mono"><button type="button" class="link mono" title=${t('copy')} onClick=${() => tell(copy(record.id) ? t('copied', 1) : t('cannotCopy'))}>${record.id}</button></dd>
      ${found.length > 0 && html`<dt>${t('foundBy')}</dt><dd>${[...new Set(found)].join(', ')}${words.length ? html`: ${[...new Set(words)].map((one) => html`<mark>${one}</mark> `)}` : ''}</dd>`}
      ${hit?.similarity !== undefined && looksFor(question.value) && html`<dt>${t('similarity')}</dt><dd>${number(hit.similarity, { maximumFractionDigits: 3 })}</dd>`}
    </dl>
    <${NearHere} metadata=${record.metadata} />`;
}
