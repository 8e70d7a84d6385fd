/**
 * What was found. Above the line stands the relevant set, as the service cuts it; below it the rest,
 * which nobody has to miss. Old results stay until the new ones are here.
 */
import { batch, effect, signal, untracked } from '../vendor/preact.js';
import { ask, collectionPath, isAbort } from './api.js';
import { question, searchOf } from './address.js';
import { bodyOf, looksFor } from './query.js';

/**
 * @typedef {object} Hit
 * @property {string} id
 * @property {number | null} relevance
 * @property {string} uri
 * @property {string} kind
 * @property {{id: number, kind: string, role: string, uri: string, text: string | null}} part
 * @property {Record<string, any>} metadata
 * @property {any} [group_value]
 * @property {number} [group_size] how many the group has
 * @property {string | null} thumbnail
 * @property {string | null} [image]
 * @property {{width: number, height: number, colour: string | null} | null} [picture]
 * @property {{ranking: string, words: string[]}[]} contributions
 */

/** Hits of the first page, of later pages, and the most that are loaded. */
const FIRST = 60;
const MORE = 200;
export const MOST = 20_000;

/** What of hits is asked for: texts and where words stand in them would be most of the work, for nothing. */
const MEMBERS = [
  'relevance', 'similarity', 'uri', 'kind', 'part', 'metadata', 'group_value', 'group_size', 'thumbnail', 'image', 'picture', 'contributions',
];

/** @type {import('../vendor/preact.js').Signal<Hit[]>} */
export const hits = signal([]);
/** Place of the line below which hits are less likely; -1 while it is not reached. */
export const line = signal(-1);
/** @type {import('../vendor/preact.js').Signal<any>} The first answer. */
export const answer = signal(null);
/** The search that the hits are of. */
export const answered = signal('');
export const busy = signal(false);
/** @type {import('../vendor/preact.js').Signal<Error | null>} */
export const failure = signal(null);
/** Whether what is below the line is shown. */
export const unfolded = signal(true);
/** Whether the nearest are wanted though nothing fits. */
export const nearestAnyway = signal(false);
export const exhausted = signal(false);

/** @type {AbortController} */
let running = new AbortController();
/** @type {{body: Record<string, unknown>, collection: string, isRest: boolean, seen: Set<string>}} */
let listing = { body: {}, collection: '', isRest: false, seen: new Set() };
/** @type {string | null} */
let cursor = null;
let isLoading = false;

let isFollowing = false;

/** Search whenever the question becomes another one. */
export function followQuestion() {
  if (isFollowing) return;
  isFollowing = true;
  let last = '';
  effect(() => {
    const search = searchOf(question.value);
    if (!question.value.collection || search === last) return;
    last = search;
    untracked(() => searchAnew());
  });
}

/** Ask the question again, from its first page on. */
export async function searchAnew() {
  const asked = question.value;
  if (!asked.collection) return;
  running.abort();
  running = new AbortController();
  const { signal: stop } = running;
  busy.value = true;
  try {
    const body = await bodyOf(asked, stop);
    const withCut = { ...body, fields: MEMBERS, ...(looksFor(asked) ? { min_relevance: 'auto' } : asked.group ? {} : { beyond: true }) };
    const path = collectionPath(asked.collection, '/search');
    const first = await ask('POST', path, { ...withCut, limit: FIRST }, stop);
    listing = { body: withCut, collection: asked.collection, isRest: !looksFor(asked) || asked.group !== '', seen: new Set() };
    isLoading = false;
    batch(() => {
      answer.value = first;
      answered.value = searchOf(asked);
      line.value = -1;
      nearestAnyway.value = false;
      exhausted.value = false;
      failure.value = null;
      busy.value = false;
      take(first, []);
    });
  } catch (error) {
    if (isAbort(error)) return;
    batch(() => {
      busy.value = false;
      failure.value = /** @type {Error} */ (error);
    });
  }
}

/** Load what comes next, be it of the relevant set or of the rest. */
export async function loadMore() {
  if (isLoading || busy.value || exhausted.value || hits.value.length >= MOST) return;
  const { signal: stop } = running;
  isLoading = true;
  try {
    const path = collectionPath(listing.collection, '/search');
    const body = { ...listing.body, limit: MORE, ...(cursor ? { cursor } : {}) };
    const next = await ask('POST', path, body, stop);
    if (!stop.aborted) batch(() => take(next, hits.value));
  } catch (error) {
    if (!isAbort(error)) failure.value = /** @type {Error} */ (error);
  } finally {
    if (!stop.aborted) isLoading = false;
  }
}

/** @param {any} page @param {Hit[]} before */
function take(page, before) {
  const fresh = page.hits.filter((/** @type {Hit} */ one) => !listing.seen.has(one.id));
  for (const one of fresh) listing.seen.add(one.id);
  hits.value = [...before, ...fresh];
  cursor = page.cursor;
  if (cursor) return;
  if (listing.isRest) {
    exhausted.value = true;
    return;
  }
  const { min_relevance: _, sort: __, ...rest } = listing.body;
  listing = { ...listing, body: { ...rest, beyond: true }, isRest: true };
  line.value = hits.value.length;
}

/** How many hits the grid shows: those above the line, and those below where they are wanted. */
export function shownCount() {
  const all = hits.value.length;
  if (line.value < 0) return all;
  const isHidden = !unfolded.value || (answer.value?.no_match && !nearestAnyway.value);
  return isHidden ? line.value : all;
}

/** Ask again when something has changed in the collection. */
export function refresh() {
  untracked(() => searchAnew());
}
