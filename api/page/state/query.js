/**
 * A question as requests. Words are read by the service ("not red", "under 50") where they are the
 * query itself; so a picture, the words and the other terms are asked one after the other, each as a
 * refinement of the one before. What comes before the last is asked once and remembered by its turn.
 */
import { hasChoice } from './address.js';
import { ask, collectionPath } from './api.js';
import { loadFields } from './collections.js';

/** @typedef {import('./address.js').Question} Question */

/** @type {Map<string, Promise<string>>} */
const turns = new Map();

/**
 * Return the body of a search.
 * @param {Question} asked
 * @param {AbortSignal} [signal]
 * @returns {Promise<Record<string, unknown>>}
 */
export async function bodyOf(asked, signal) {
  const steps = stepsOf(asked);
  let turn = asked.terms.find((one) => one.kind === 'picture')?.value ?? '';
  let done = turn;
  for (const step of steps.slice(0, -1)) {
    done += `\n${JSON.stringify(step)}`;
    turn = await turnOf(asked.collection, done, turn, step, signal);
  }
  /** @type {Record<string, unknown>} */
  const body = {};
  if (steps.length) body.query = steps[steps.length - 1];
  if (turn) body.refine = { turn };
  const filter = await filterOf(asked);
  if (filter) body.filter = filter;
  if (asked.group) body.group = { field: asked.group };
  if (asked.target) body.target = asked.target;
  if (asked.rules) body.rules = asked.rules;
  if (asked.optional.length) body.optional = asked.optional;
  if (asked.sort) body.sort = [asked.sort];
  else if (!looksFor(asked) && !filter) body.sort = ['relevance'];
  return body;
}

/** Whether there is anything to look for, and not merely a filter. @param {Question} asked */
export function looksFor(asked) {
  return asked.words.trim() !== '' || asked.terms.length > 0;
}

/** @param {Question} asked @returns {unknown[]} */
function stepsOf(asked) {
  const steps = [];
  const words = asked.words.trim();
  if (words) steps.push(asked.exactly ? [{ text: words }] : words);
  const others = asked.terms.filter((one) => one.kind !== 'picture').map(termOf);
  if (others.length) steps.push(others);
  return steps;
}

/** @param {import('./address.js').Term} term */
function termOf(term) {
  const what = term.kind === 'like' ? { record: term.value } : { text: term.value };
  return { ...what, weight: term.weight, ...(term.part ? { region: term.part } : {}) };
}

/**
 * @param {string} collection
 * @param {string} key
 * @param {string} before
 * @param {unknown} query
 * @param {AbortSignal} [signal]
 */
function turnOf(collection, key, before, query, signal) {
  const name = `${collection}\n${key}`;
  let found = turns.get(name);
  if (!found) {
    const body = { query, limit: 1, ...(before ? { refine: { turn: before } } : {}) };
    found = ask('POST', collectionPath(collection, '/search'), body, signal).then((a) => a.turn);
    found.catch(() => turns.delete(name));
    turns.set(name, found);
  }
  return found;
}

/**
 * Return the turn of a picture that is searched with.
 * @param {string} collection
 * @param {Blob} picture
 * @param {string} [part] only this part of it
 */
export async function turnOfPicture(collection, picture, part = '') {
  const form = new FormData();
  form.append('image', picture, 'picture');
  form.append('search', JSON.stringify({ limit: 1, ...(part ? { region: part } : {}) }));
  return (await ask('POST', collectionPath(collection, '/search'), form)).turn;
}

/**
 * Return the filter of the chosen values and ranges, null without any.
 * @param {Question} asked
 */
export async function filterOf(asked) {
  const chosen = Object.entries(asked.choices).filter(
    ([, one]) => hasChoice(one),
  );
  if (!chosen.length) return null;
  const types = new Map((await loadFields(asked.collection)).map((one) => [one.name, one.type]));
  const clauses = chosen.map(([field, one]) => ({ [field]: clauseOf(one, types.get(field)) }));
  return clauses.length === 1 ? clauses[0] : { and: clauses };
}

/** @param {import('./address.js').Choice} choice @param {string | undefined} type */
function clauseOf(choice, type) {
  if (choice.values.length) return choice.values.map((one) => typed(one, type));
  if (choice.near) {
    const [lat, lon, radius] = choice.near.split(',');
    return { near: { lat: Number(lat), lon: Number(lon), radius } };
  }
  /** @type {Record<string, unknown>} */
  const range = {};
  if (choice.min) range.gte = typed(choice.min, type);
  if (choice.max) range.lte = typed(choice.max, type);
  if (choice.over) range.gt = typed(choice.over, type);
  if (choice.under) range.lt = typed(choice.under, type);
  return range;
}

/** @param {string} value @param {string | undefined} type */
function typed(value, type) {
  if (type === 'number' && Number.isFinite(Number(value))) return Number(value);
  if (type === 'boolean') return value === 'true';
  return value;
}
