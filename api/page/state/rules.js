/** The ranking rules of a collection: those that hold, the draft that is edited, earlier versions. */
import { signal } from '../vendor/preact.js';
import { ask, collectionPath, Problem, send } from './api.js';
import { question } from './address.js';

/**
 * @typedef {{words: string[], typed?: string, language?: string}} Synonym
 * @typedef {{id: string, position?: number}} Pin
 * @typedef {{name?: string, query: string, match?: string, pin: Pin[], hide: string[], from?: string,
 *   until?: string, language?: string}} Curation
 * @typedef {{name?: string, weight: number, field?: string, prefer?: string, pivot?: number,
 *   half_life_days?: number, where?: string, formula?: string}} Boost
 * @typedef {{synonyms: Synonym[], curations: Curation[], boosts: Boost[]}} Rules
 * @typedef {{version: number, at: string | null, note: string}} Version
 */

/** The version that holds. @type {import('../vendor/preact.js').Signal<Version | null>} */
export const live = signal(null);
/** What is edited: the draft, else what holds. @type {import('../vendor/preact.js').Signal<Rules | null>} */
export const rules = signal(null);
/** Whether the service has a draft. */
export const hasDraft = signal(false);
/** Whether something is edited that the draft does not have yet. */
export const isChanged = signal(false);
/** What has no effect, of the draft as it was kept. @type {import('../vendor/preact.js').Signal<string[]>} */
export const doubts = signal([]);
/** @type {import('../vendor/preact.js').Signal<Version[]>} */
export const versions = signal([]);

const NO_DRAFT = '"none"'; // as the service names it
let etag = NO_DRAFT;
/** The collection whose rules are edited. */
let edited = '';

/** @param {string} rest */
const path = (rest) => collectionPath(question.value.collection, rest);

/** Headers that refuse a change where somebody else has changed the draft meanwhile. @returns {Record<string, string>} */
const asRead = () => ({ 'If-Match': etag });

/** Read what there is; what is edited, and no draft has yet, stays as it is. */
export async function loadRules() {
  const { collection } = question.value;
  const [holds, listed] = await Promise.all([ask('GET', path('/rules')), ask('GET', path('/rules/versions'))]);
  live.value = holds;
  versions.value = listed.versions;
  if (isChanged.value && edited === collection) return;
  etag = NO_DRAFT;
  const draft = listed.draft ? await readDraft() : null;
  edited = collection;
  hasDraft.value = draft !== null;
  rules.value = whole((draft ?? holds).rules);
  isChanged.value = false;
  doubts.value = [];
}

/** The draft, null where there is none. */
async function readDraft() {
  try {
    const response = await send('GET', path('/rules/draft'));
    etag = response.headers.get('ETag') ?? NO_DRAFT;
    return await response.json();
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

/** Rules with every list there. @param {any} found @returns {Rules} */
function whole(found) {
  const curations = (found.curations ?? []).map((/** @type {any} */ one) => ({
    ...one,
    pin: (one.pin ?? []).map((/** @type {any} */ pin) => (typeof pin === 'string' ? { id: pin } : pin)),
    hide: one.hide ?? [],
  }));
  return { synonyms: found.synonyms ?? [], curations, boosts: found.boosts ?? [] };
}

/** Change what is edited. @param {Partial<Rules>} changes */
export function edit(changes) {
  if (!rules.value) return;
  rules.value = { ...rules.value, ...changes };
  isChanged.value = true;
}

/** Change one rule of a list; null takes it out, a place behind the last adds one. */
export function editOne(/** @type {keyof Rules} */ list, /** @type {number} */ at, /** @type {any} */ changes) {
  const old = /** @type {any[]} */ (rules.value?.[list] ?? []);
  const next = at >= old.length ? [...old, changes] : old.flatMap((one, place) => {
    if (place !== at) return [one];
    return changes ? [without({ ...one, ...changes })] : [];
  });
  edit({ [list]: next });
}

/** A rule without what was emptied. @param {Record<string, any>} rule */
function without(rule) {
  return Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== '' && value !== undefined && !Number.isNaN(value)));
}

/** Keep what is edited as the draft. */
export async function keepDraft() {
  const response = await send('PUT', path('/rules/draft'), rules.value, undefined, asRead());
  etag = response.headers.get('ETag') ?? NO_DRAFT;
  doubts.value = (await response.json()).warnings;
  hasDraft.value = true;
  isChanged.value = false;
}

/** Have searches go by the draft. @param {string} note */
export async function publishDraft(note) {
  if (isChanged.value) await keepDraft();
  await send('POST', path('/rules:publish'), { note }, undefined, asRead());
  await loadRules();
}

/** Forget the draft, and what is edited. */
export async function forgetDraft() {
  if (hasDraft.value) await send('DELETE', path('/rules/draft'), undefined, undefined, asRead());
  await readAnew();
}

/** Read what there is in the place of what is edited. */
export async function readAnew() {
  isChanged.value = false;
  await loadRules();
}

/** Publish an earlier version once more. @param {number} version */
export async function goBackTo(version) {
  await ask('POST', path('/rules:back'), { version });
  await loadRules();
}

/** Hold the draft against the rules that hold. @param {string[]} queries @param {number} recorded */
export async function tryDraft(queries, recorded) {
  if (isChanged.value || !hasDraft.value) await keepDraft();
  return ask('POST', path('/rules:try'), { queries, recorded });
}

/** Whether a curation is for its query alone, at all times and in all languages. @param {Curation} one */
function isAlways({ match = 'exact', from, until, language }) {
  return match === 'exact' && !from && !until && !language;
}

/**
 * Pin or hide a record for the words that are searched, in the draft.
 * @param {string} id
 * @param {'pin' | 'hide'} how
 */
export async function curate(id, how) {
  await loadRules();
  const wasChanged = isChanged.value;
  const query = question.value.words.trim();
  const list = rules.value?.curations ?? [];
  const found = list.findIndex((one) => one.query.toLowerCase() === query.toLowerCase() && isAlways(one));
  const old = list[found] ?? { query, pin: [], hide: [] };
  const pin = old.pin.filter((one) => one.id !== id);
  const hide = old.hide.filter((one) => one !== id);
  const changes = how === 'pin' ? { pin: [{ id }, ...pin.map(({ id: other }) => ({ id: other }))], hide } : { pin, hide: [...hide, id] };
  editOne('curations', found < 0 ? list.length : found, { ...old, ...changes });
  try {
    await keepDraft();
  } catch (error) {
    isChanged.value = wasChanged; // what nobody has typed is not kept from being read anew
    throw error;
  }
}
