/**
 * How the service read the words, as pieces that can be taken out or changed. Taking one out says
 * the others outright: the address then has "not red" and "under 60" as terms and filters of their
 * own, so what is kept stays just as it was.
 */
import { blankChoice, go, hasChoice, parse } from './address.js';
import { answer, answered } from './results.js';

/**
 * @typedef {object} Piece
 * @property {string} kind
 * @property {string} text
 * @property {string} of
 * @property {string | null} operator
 * @property {any} value
 * @property {number | null} least
 * @property {boolean} descending
 */

/** @typedef {import('./address.js').Question} Question */

const BOUNDS = { lt: 'under', lte: 'max', gt: 'over', gte: 'min' };

/** What was asked when the answer shown came. @returns {Question} */
export function askedThen() {
  return parse(answered.value.slice(2));
}

/** What of the reading is the words' own: not a term, a filter or an order the page was told. */
export function piecesOfWords() {
  const asked = askedThen();
  /** @type {Piece[]} */
  const all = answer.value?.reading ?? [];
  return all.filter((one) => !isOwn(one, asked));
}

/** @param {Piece} piece @param {Question} asked */
function isOwn(piece, asked) {
  if (piece.kind === 'words' || piece.kind === 'not') {
    const sign = piece.kind === 'not' ? -1 : 1;
    return asked.terms.some((one) => one.kind === 'words' && one.value === piece.text && Math.sign(one.weight) === sign);
  }
  if (piece.kind === 'filter') return true; // words say bounds only
  if (piece.kind === 'order') return asked.sort !== '';
  if (piece.kind !== 'bound') return false;
  const own = asked.choices[piece.of];
  if (own === undefined || own[boundOf(piece)] === '') return false;
  return own[boundOf(piece)] === piece.value || Number(own[boundOf(piece)]) === piece.value;
}

/** @param {Piece} piece @returns {'min' | 'max' | 'over' | 'under'} */
function boundOf(piece) {
  return /** @type {any} */ (BOUNDS)[piece.operator ?? 'lte'];
}

/**
 * The question that says outright what was read, but for one piece.
 * @param {Piece | null} left
 * @returns {Partial<Question>}
 */
function outright(left) {
  const asked = askedThen();
  const pieces = piecesOfWords().filter((one) => one !== left);
  const words = pieces.filter((one) => one.kind === 'words').map((one) => one.text).join(' ');
  const away = pieces.filter((one) => one.kind === 'not').map((one) => one.text);
  const order = pieces.find((one) => one.kind === 'order');
  const choices = { ...asked.choices };
  for (const one of pieces.filter((piece) => piece.kind === 'bound')) {
    choices[one.of] = { ...(choices[one.of] ?? blankChoice()), [boundOf(one)]: String(one.value) };
  }
  return {
    words,
    terms: [...asked.terms, ...away.map((value) => ({ kind: /** @type {const} */ ('words'), value, weight: -1, part: '' }))],
    choices,
    sort: order ? `${order.descending ? '-' : ''}${order.of}` : asked.sort,
    optional: asked.optional,
  };
}

/** @param {Partial<Question>} changes */
function ask(changes) {
  go({ ...changes, open: '' });
}

/** Whether taking a piece out means asking without it, and not reading it otherwise. @param {Piece} piece */
function isSaid(piece) {
  return ['not', 'bound', 'order'].includes(piece.kind);
}

/** What to ask without a piece, everything else as it was read. @param {Piece} piece @returns {Partial<Question>} */
export function without(piece) {
  if (isSaid(piece)) return outright(piece);
  if (piece.kind === 'demand') return { optional: [...askedThen().optional, piece.text] };
  return rewritten(piece.of, (found) => `"${found}"`); // quoted words stand as they are
}

/** @param {Piece} piece */
export function takeOut(piece) {
  ask(without(piece));
}

/** Look for what was to be kept away from. @param {Piece} piece */
export function turnRound(piece) {
  const changes = outright(piece);
  ask({ ...changes, terms: [...(changes.terms ?? []), { kind: 'words', value: piece.text, weight: 1, part: '' }] });
}

/** Put another number in the place of a bound. @param {Piece} piece @param {string} value */
export function rebound(piece, value) {
  const changes = outright(piece);
  const own = changes.choices?.[piece.of] ?? blankChoice();
  ask({ ...changes, choices: { ...changes.choices, [piece.of]: { ...own, [boundOf(piece)]: value } } });
}

/** Turn an order round. @param {Piece} piece */
export function reorder(piece) {
  ask({ ...outright(piece), sort: `${piece.descending ? '' : '-'}${piece.of}` });
}

/** Write a word as it was understood. @param {Piece} piece */
export function respell(piece) {
  ask(rewritten(piece.of, () => piece.text));
}

/** Leave a word out altogether. @param {Piece} piece */
export function leaveOut(piece) {
  ask(rewritten(piece.of, () => ''));
}

/** Demand a word again. @param {string} word */
export function demandAgain(word) {
  ask({ optional: askedThen().optional.filter((one) => one !== word) });
}

/** Lift one bound or all values of a field. @param {string} field @param {string} bound empty for values */
export function lift(field, bound) {
  const asked = askedThen();
  const { [field]: own, ...others } = asked.choices;
  const left = { ...own, [bound || 'values']: bound ? '' : [] };
  ask({ choices: hasChoice(left) ? { ...others, [field]: left } : others });
}

/**
 * The words, and terms of words, with others in the place of some; the rest is said outright, since
 * quotation marks would have it read otherwise.
 * @param {string} typed
 * @param {(found: string) => string} make
 * @returns {Partial<Question>}
 */
function rewritten(typed, make) {
  const { words = '', terms = [], ...rest } = outright(null);
  const change = (/** @type {string} */ text) => replaced(text, typed, make);
  return {
    ...rest,
    words: change(words),
    terms: terms.map((one) => (one.kind === 'words' ? { ...one, value: change(one.value) || one.value } : one)),
  };
}

/**
 * A text with something in the place of some of its words; scripts without spaces have no ends of words.
 * @param {string} text
 * @param {string} typed
 * @param {(found: string) => string} make
 */
export function replaced(text, typed, make) {
  const plain = typed.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+');
  const isLatin = /^[\p{Script=Latin}\p{N}]/u.test(typed);
  const pattern = isLatin ? `(?<![\\p{L}\\p{N}])${plain}(?![\\p{L}\\p{N}])` : plain;
  return text.replace(new RegExp(pattern, 'giu'), make).replace(/\s+/g, ' ').trim();
}
