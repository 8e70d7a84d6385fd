/** How the words were read: a chip for each piece, to take out or to change. */
import { html, useEffect, useRef } from '../vendor/preact.js';
import { go, question } from '../state/address.js';
import { answer, answered, busy } from '../state/results.js';
import {
  askedThen, demandAgain, leaveOut, lift, piecesOfWords, rebound, reorder, respell, takeOut, turnRound,
} from '../state/reading.js';
import { shownValue } from '../grid/tile.js';
import { fieldLabel, shortDate, isDate, t } from '../words/words.js';
import { Icon } from './icon.js';

/** @typedef {import('../state/reading.js').Piece} Piece */
/** @typedef {{label: string, take: string, onTake: () => void, acts?: any[], isUnwanted?: boolean}} Shown */

const SIGNS = { lt: '<', lte: '≤', gt: '>', gte: '≥' };
const SIGNS_OF_CHOICE = { min: '≥', max: '≤', over: '>', under: '<' };

const RADII = ['1km', '10km', '100km'];

/** @param {string} field @param {string} sign @param {unknown} value */
function boundText(field, sign, value) {
  const amount = Number(value);
  const shown = isDate(value) ? shortDate(String(value)) : Number.isFinite(amount) ? shownValue(field, amount) : String(value);
  return `${fieldLabel(field)} ${sign} ${shown}`;
}

/** A bound that words say. @param {Piece} piece */
export function boundOfPiece(piece) {
  return boundText(piece.of, /** @type {any} */ (SIGNS)[piece.operator ?? 'lte'], piece.value);
}

/** @param {string} text @param {() => void} onClick */
function act(text, onClick) {
  return html`<button type="button" onClick=${onClick}>${text}</button>`;
}

/** @param {{piece: Piece}} properties */
function BoundForm({ piece }) {
  /** @param {any} event */
  const send = (event) => {
    event.preventDefault();
    const { value } = event.currentTarget.elements.bound;
    if (value !== '') rebound(piece, value);
  };
  return html`<form class="row" onSubmit=${send}>
    <label>${fieldLabel(piece.of)} ${/** @type {any} */ (SIGNS)[piece.operator ?? 'lte']} <input name="bound" type=${isDate(piece.value) ? 'date' : 'number'} step="any" required defaultValue=${String(piece.value)} /></label>
    <button type="submit" aria-label=${t('applyRange', fieldLabel(piece.of))}><${Icon} name="check" /></button>
  </form>`;
}

/** What a piece of the words' reading says, and what can be done with it. @param {Piece} piece @returns {Shown | null} */
function shown(piece) {
  const onTake = () => takeOut(piece);
  switch (piece.kind) {
    case 'not': {
      const label = `${t('not')} ${piece.text}`;
      return { label, take: t('remove', label), onTake, acts: [act(t('makeWanted'), () => turnRound(piece))], isUnwanted: true };
    }
    case 'bound': {
      const label = boundOfPiece(piece);
      return { label, take: t('remove', label), onTake, acts: [html`<${BoundForm} piece=${piece} />`] };
    }
    case 'order': {
      const label = t(piece.descending ? 'highestFirst' : 'lowestFirst', fieldLabel(piece.of));
      return { label, take: t('remove', label), onTake, acts: [act(t(piece.descending ? 'lowestFirst' : 'highestFirst', fieldLabel(piece.of)), () => reorder(piece))] };
    }
    case 'spelling':
      return { label: t('takenFor', piece.of, piece.text), take: t('asSpelt', piece.of), onTake, acts: [act(t('writeIt', piece.text), () => respell(piece))] };
    case 'demand': {
      const all = (answer.value?.reading ?? []).filter((/** @type {Piece} */ one) => one.kind === 'demand').length;
      const isSome = piece.least !== null && piece.least < all;
      const label = isSome ? t('demandedSome', piece.text, piece.least, all) : t('demanded', piece.text);
      return { label, take: t('makeOptional', piece.text), onTake, acts: [act(t('leaveOut', piece.text), () => leaveOut(piece))] };
    }
    default:
      return null;
  }
}

/** Synonyms of the same words stand together. @param {Piece[]} pieces @returns {Shown[]} */
function synonyms(pieces) {
  const found = pieces.filter((one) => one.kind === 'synonym');
  return [...new Set(found.map((one) => one.of))].map((of) => {
    const own = found.filter((one) => one.of === of);
    return { label: t('alsoAs', of, own.map((one) => one.text).join(', ')), take: t('noSynonyms', of), onTake: () => takeOut(own[0]) };
  });
}

/** What a filter says, its values and each of its bounds. @param {string} field @param {import('../state/address.js').Choice} one */
export function choiceTexts(field, one) {
  const values = one.values.length ? [{ label: `${fieldLabel(field)}: ${one.values.join(', ')}`, bound: '' }] : [];
  const bounds = /** @type {const} */ (['min', 'over', 'max', 'under'])
    .filter((bound) => one[bound] !== '')
    .map((bound) => ({ label: boundText(field, SIGNS_OF_CHOICE[bound], one[bound]), bound }));
  const near = one.near ? [{ label: t('within', one.near.split(',')[2] ?? ''), bound: 'near' }] : [];
  return [...values, ...bounds, ...near];
}

/** What was told outright: words that may lack, filters. @returns {Shown[]} */
function told() {
  const { optional, choices } = askedThen();
  const words = optional.map((word) => ({ label: t('mayLack', word), take: t('demandAgain', word), onTake: () => demandAgain(word) }));
  const filters = Object.entries(choices).flatMap(([field, one]) => choiceTexts(field, one)
    .map(({ label, bound }) => ({ label, take: t('remove', label), onTake: () => lift(field, bound), acts: bound === 'near' ? otherRadii(field, one) : [] })));
  return [...words, ...filters];
}

/** @param {string} field @param {import('../state/address.js').Choice} one */
function otherRadii(field, one) {
  const [lat, lon, radius] = one.near.split(',');
  return RADII.filter((each) => each !== radius)
    .map((each) => act(t('within', each), () => go({ choices: { ...question.value.choices, [field]: { ...one, near: `${lat},${lon},${each}` } } })));
}

/** @param {{one: Shown, at: number, onTaken: () => void}} properties */
function ReadChip({ one, at, onTaken }) {
  const menu = `read-${at}`;
  const take = () => { onTaken(); one.onTake(); };
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Delete' && event.key !== 'Backspace') return;
    event.preventDefault();
    take();
  };
  return html`<span class="chip ${one.isUnwanted ? 'unwanted' : ''}" role="listitem">
    <button type="button" class="what" popovertarget=${menu} onKeyDown=${onKey}><span class="word">${one.label}</span></button>
    <button type="button" class="remove" aria-label=${one.take} title=${one.take} onClick=${take}><${Icon} name="close" /></button>
    <span id=${menu} popover class="menu">
      ${(one.acts ?? []).map((each) => html`<span onClick=${(/** @type {any} */ event) => event.target.closest('button') && onTaken()}>${each}</span>`)}
      <button type="button" onClick=${take}>${one.take}</button>
    </span>
  </span>`;
}

/** Give the focus to what is left once a piece has gone. */
function useFocusLeft(/** @type {{current: HTMLElement | null}} */ host) {
  const isTaken = useRef(false);
  useEffect(() => {
    if (!isTaken.current) return;
    isTaken.current = false;
    const left = /** @type {HTMLElement | null | undefined} */ (host.current?.querySelector('.what'));
    (left ?? document.getElementById('words'))?.focus();
  }, [answered.value]);
  return () => { isTaken.current = true; };
}

export function Reading() {
  const host = useRef(/** @type {HTMLDivElement | null} */ (null));
  const onTaken = useFocusLeft(host);
  const { words, exactly } = askedThen();
  const pieces = piecesOfWords();
  const text = pieces.filter((one) => one.kind === 'words').map((one) => one.text).join(', ');
  const unread = pieces.filter((one) => one.kind === 'unread').map((one) => one.text);
  const own = [...pieces.map(shown).filter((one) => one !== null), ...synonyms(pieces)];
  const chips = [...own, ...told()];
  const isPlain = text.trim().toLowerCase() === words.trim().toLowerCase();
  const isOtherwise = words !== '' && (!isPlain || own.length > 0 || exactly);
  if (!isOtherwise && !chips.length && !unread.length) return null;
  return html`<div ref=${host} class="reading" role="group" aria-label=${t('lookingFor')} inert=${busy.value}>
    ${isOtherwise && html`<span class="muted">${t('lookingFor')}</span> ${!isPlain && html`<span class="said">${text || t('anything')}</span>`}`}
    ${chips.length > 0 && html`<span role="list" class="read-chips" aria-label=${t('readPieces')}>
      ${chips.map((one, at) => html`<${ReadChip} key=${one.label} one=${one} at=${at} onTaken=${onTaken} />`)}
    </span>`}
    ${unread.map((one) => html`<span class="muted">${t('unreadWords', one)}</span>`)}
    ${isOtherwise && html`<button type="button" class="quiet" onClick=${() => go({ exactly: !exactly })}>${t(exactly ? 'readAgain' : 'asTyped')}</button>`}
  </div>`;
}
