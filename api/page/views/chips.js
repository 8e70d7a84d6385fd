/** What is looked for besides the words, each removable, with a weight, wanted or not. */
import { html } from '../vendor/preact.js';
import { go, question } from '../state/address.js';
import { previews } from '../state/previews.js';
import { hits } from '../state/results.js';
import { recordPath } from '../state/api.js';
import { thumbnailOf } from '../grid/tile.js';
import { number, t } from '../words/words.js';
import { Icon } from './icon.js';

const STEPS = [0.25, 0.5, 1, 2, 4];

/** @param {number} at @param {Partial<import('../state/address.js').Term> | null} changes null removes it */
function change(at, changes) {
  const terms = question.value.terms.flatMap((one, place) => {
    if (place !== at) return [one];
    return changes ? [{ ...one, ...changes }] : [];
  });
  go({ terms }, { replace: changes?.weight !== undefined });
}

/** @param {number} weight @param {number} by */
function stepped(weight, by) {
  const size = Math.abs(weight);
  const at = STEPS.findIndex((one) => one >= size);
  const next = STEPS[Math.min(Math.max((at < 0 ? STEPS.length - 1 : at) + by, 0), STEPS.length - 1)];
  return Math.sign(weight) * next;
}

/** @param {import('../state/address.js').Term} term */
function imageOf(term) {
  if (term.kind === 'picture') return previews.of(term.value)?.url ?? '';
  if (term.kind !== 'like') return '';
  const hit = hits.value.find((one) => one.id === term.value);
  const path = hit?.thumbnail ?? recordPath(question.value.collection, term.value, '/thumbnail');
  return thumbnailOf(path, 64);
}

/** @param {import('../state/address.js').Term} term */
function wordOf(term) {
  const part = term.part ? `${t('partOf')} ` : '';
  if (term.kind === 'picture') return `${part}${t('yourPicture')}`;
  if (term.kind === 'like') return term.weight < 0 ? `${t('notLike')} ${part}` : `${t('like')} ${part}`;
  return term.weight < 0 ? `${t('not')} ${term.value}` : term.value;
}

/** @param {{term: import('../state/address.js').Term, at: number}} properties */
function Chip({ term, at }) {
  const size = Math.abs(term.weight);
  const image = imageOf(term);
  const name = `${wordOf(term).trim()} ${term.kind === 'like' ? term.value : ''}`.trim();
  const menu = `chip-${at}`;
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      change(at, { weight: stepped(term.weight, event.key === 'ArrowUp' ? 1 : -1) });
    } else if (event.key === 'Delete' || event.key === 'Backspace') change(at, null);
    else if (event.key === '-' && term.kind !== 'picture') change(at, { weight: -term.weight });
    else return;
    event.preventDefault();
  };
  return html`<span class="chip ${term.weight < 0 ? 'unwanted' : ''}" role="listitem">
    <button type="button" class="what" popovertarget=${menu} onKeyDown=${onKey} title="${name} – ${t('chipKeys')}" aria-label=${size === 1 ? name : `${name}, ${t('weight', number(size))}`}>
      ${image && html`<img alt="" src=${image} onError=${(/** @type {any} */ event) => event.currentTarget.remove()} />`}
      <span class="word">${wordOf(term)}</span>
      ${size !== 1 && html`<span class="weight">×${number(size)}</span>`}
    </button>
    <button type="button" class="remove" aria-label=${t('remove', name)} onClick=${() => change(at, null)}><${Icon} name="close" /></button>
    <span id=${menu} popover class="menu">
      <button type="button" onClick=${() => change(at, { weight: stepped(term.weight, 1) })}>${t('countsMore')}</button>
      <button type="button" onClick=${() => change(at, { weight: stepped(term.weight, -1) })}>${t('countsLess')}</button>
      ${term.kind !== 'picture' && html`<button type="button" onClick=${() => change(at, { weight: -term.weight })}>${t(term.weight < 0 ? 'makeWanted' : 'makeUnwanted')}</button>`}
      ${term.kind === 'picture' && previews.of(term.value) && html`<button type="button" onClick=${() => go({ view: 'lookup', open: '' })}>${t('isItHere')}</button>`}
    </span>
  </span>`;
}

export function Chips() {
  const { terms } = question.value;
  if (!terms.length) return null;
  return html`<span class="chips" role="list" aria-label=${t('terms')}>
    ${terms.map((term, at) => html`<${Chip} key=${`${term.kind}${term.value}${term.part}`} term=${term} at=${at} />`)}
  </span>`;
}
