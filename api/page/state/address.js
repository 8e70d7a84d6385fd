/** The address bar holds the search: it is read into a question, and every change is written there. */
import { signal } from '../vendor/preact.js';

/**
 * Something looked for besides the words: a picture (its turn), a record, or words of their own.
 * @typedef {{kind: 'picture' | 'like' | 'words', value: string, weight: number, part: string}} Term
 */

/**
 * Of a field: values, or bounds; `min` and `max` are let through, `over` and `under` are not. Of
 * places: `near`, such as "43.467,11.885,10km".
 * @typedef {{values: string[], min: string, max: string, over: string, under: string, near: string}} Choice
 */

/**
 * @typedef {object} Question
 * @property {string} collection
 * @property {string} words
 * @property {Term[]} terms
 * @property {Record<string, Choice>} choices filters by field
 * @property {string} sort such as "-price"; empty for relevance
 * @property {string} group a field whose values are shown once each
 * @property {string} target image, text, any or empty
 * @property {boolean} exactly whether words are taken as they stand
 * @property {string[]} optional words that what is relevant need not have
 * @property {string} rules which ranking rules hold: "draft", or empty for those published
 * @property {string} view empty for the search, or a room's name
 * @property {string} open id of the record shown large
 */

/** @returns {Question} */
export function blank(collection = '') {
  return {
    collection, words: '', terms: [], sort: '', group: '', target: '', exactly: false,
    choices: Object.create(null), // a field may be called "constructor"
    optional: [], rules: '', view: '', open: '',
  };
}

/** @returns {Choice} */
export function blankChoice() {
  return { values: [], min: '', max: '', over: '', under: '', near: '' };
}

/** Whether a choice leaves anything out. @param {Choice} one */
export function hasChoice(one) {
  return one.values.length > 0 || [one.min, one.max, one.over, one.under, one.near].some(Boolean);
}

/** The question that is asked now. */
export const question = signal(blank());

const TERM_NAMES = ['picture', 'like', 'unlike', 'also', 'no'];

/**
 * Read a question from the part of an address behind the "?".
 * @param {string} text
 * @returns {Question}
 */
export function parse(text) {
  const found = blank();
  /** @type {Term | null} */
  let last = null;
  for (const [name, value] of new URLSearchParams(text)) {
    if (TERM_NAMES.includes(name)) {
      last = termOf(name, value);
      found.terms.push(last);
    } else if (name === 'w' && last) {
      last.weight = Math.sign(last.weight) * (Math.abs(Number(value)) || 1);
    } else if (name === 'part' && last) {
      last.part = value;
    } else if (/^(is|min|max|over|under|near)\../.test(name)) {
      choose(found.choices, name, value);
    } else if (name === 'c') found.collection = value;
    else if (name === 'q') found.words = value;
    else if (name === 'sort') found.sort = value;
    else if (name === 'group') found.group = value;
    else if (name === 'target') found.target = value;
    else if (name === 'exactly') found.exactly = value === '1';
    else if (name === 'maybe') found.optional.push(value);
    else if (name === 'rules') found.rules = value === 'draft' ? value : '';
    else if (name === 'view') found.view = value;
    else if (name === 'open') found.open = value;
  }
  return found;
}

/** @param {string} name @param {string} value @returns {Term} */
function termOf(name, value) {
  const weight = name === 'unlike' || name === 'no' ? -1 : 1;
  if (name === 'picture') return { kind: 'picture', value, weight, part: '' };
  const kind = name === 'like' || name === 'unlike' ? 'like' : 'words';
  return { kind, value, weight, part: '' };
}

/** @param {Record<string, Choice>} choices @param {string} name @param {string} value */
function choose(choices, name, value) {
  const dot = name.indexOf('.');
  const what = /** @type {'is' | 'min' | 'max' | 'over' | 'under' | 'near'} */ (name.slice(0, dot));
  const field = name.slice(dot + 1);
  choices[field] ??= blankChoice();
  if (what === 'is') choices[field].values.push(value);
  else choices[field][what] = value;
}

/**
 * Write a question as an address.
 * @param {Question} asked
 */
export function written(asked) {
  const out = new URLSearchParams();
  if (asked.collection) out.append('c', asked.collection);
  if (asked.words) out.append('q', asked.words);
  for (const term of asked.terms) {
    out.append(nameOf(term), term.value);
    if (Math.abs(term.weight) !== 1) out.append('w', String(Math.abs(term.weight)));
    if (term.part) out.append('part', term.part);
  }
  for (const [field, choice] of Object.entries(asked.choices)) {
    for (const value of choice.values) out.append(`is.${field}`, value);
    for (const bound of /** @type {const} */ (['min', 'over', 'max', 'under', 'near'])) {
      if (choice[bound]) out.append(`${bound}.${field}`, choice[bound]);
    }
  }
  if (asked.sort) out.append('sort', asked.sort);
  if (asked.group) out.append('group', asked.group);
  if (asked.target) out.append('target', asked.target);
  if (asked.exactly) out.append('exactly', '1');
  for (const word of asked.optional) out.append('maybe', word);
  if (asked.rules) out.append('rules', asked.rules);
  if (asked.view) out.append('view', asked.view);
  if (asked.open) out.append('open', asked.open);
  return `/?${out}`;
}

/** @param {Term} term */
function nameOf(term) {
  if (term.kind === 'picture') return 'picture';
  if (term.kind === 'like') return term.weight < 0 ? 'unlike' : 'like';
  return term.weight < 0 ? 'no' : 'also';
}

/**
 * What is searched, without what is merely shown: two questions with the same are one search.
 * @param {Question} asked
 */
export function searchOf(asked) {
  return written({ ...asked, open: '', view: '' });
}

/**
 * Ask something else; an entry of the history for each, unless told to replace.
 * @param {Partial<Question>} changes
 * @param {{replace?: boolean}} [how]
 */
export function go(changes, { replace = false } = {}) {
  const address = written({ ...question.value, ...changes });
  const isSame = address === written(question.value);
  const depth = (history.state?.depth ?? 0) + (replace || isSame ? 0 : 1);
  if (replace || isSame) history.replaceState({ depth }, '', address);
  else history.pushState({ depth }, '', address);
  question.value = parse(address.slice(2));
}

/** Whether "back" stays on this page. */
export function canGoBack() {
  return (history.state?.depth ?? 0) > 0;
}

/** Follow the address bar and the browser's buttons. */
export function watchAddress() {
  const read = () => {
    question.value = parse(location.search.slice(1));
  };
  read();
  addEventListener('popstate', read);
}
