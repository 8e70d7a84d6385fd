/** What can be narrowed down: counts of the relevant set, asked for when they are to be seen. */
import { computed, effect, signal } from '../vendor/preact.js';
import { ask, collectionPath, isAbort } from './api.js';
import { answered, busy } from './results.js';
import { question } from './address.js';
import { fields, hasFields, isTechnical, loadFields } from './collections.js';
import { bodyOf, looksFor } from './query.js';

const MOST = 12;
const VALUES = 12;
/** Whether the panel was opened or closed by hand; null while it was not. @type {import('../vendor/preact.js').Signal<boolean | null>} */
const byHand = signal(null);
const isWide = innerWidth >= 1000;
/** Whether the panel is open: by itself where there is room, and something to narrow by, or that is not known yet. */
export const isOpen = computed(
  () => byHand.value ?? (isWide && (!hasFields.value || facetsOf(fields.value).some((one) => !isTechnical(one.field)))),
);

export function togglePanel() {
  byHand.value = !isOpen.value;
}
/** @type {import('../vendor/preact.js').Signal<any[]>} */
export const facets = signal([]);
/** Whether anything has been counted yet. */
export const hasCounted = signal(false);
/** @type {import('../vendor/preact.js').Signal<Error | null>} */
export const facetError = signal(null);

let running = new AbortController();

/** Count whenever a search has been answered and the panel is open. */
export function followAnswers() {
  return effect(() => {
    const search = answered.value;
    if (!search || busy.value) return;
    const wanted = isOpen.value;
    running.abort();
    running = new AbortController();
    if (wanted) count(running.signal);
  });
}

/** @param {AbortSignal} stop */
async function count(stop) {
  const asked = question.peek();
  try {
    const wanted = facetsOf(await loadFields(asked.collection));
    if (!wanted.length) {
      hasCounted.value = true;
      return;
    }
    const body = await bodyOf(asked, stop);
    delete body.sort;
    delete body.group;
    if (looksFor(asked)) body.min_relevance = 'auto';
    const path = collectionPath(asked.collection, '/search');
    const found = await ask('POST', path, { ...body, facets: wanted, limit: 1 }, stop);
    if (stop.aborted) return;
    facets.value = found.facets;
    hasCounted.value = true;
    facetError.value = null;
  } catch (error) {
    if (!isAbort(error)) facetError.value = /** @type {Error} */ (error);
  }
}

/** @param {import('./collections.js').Field[]} all */
function facetsOf(all) {
  const kinds = ['keyword', 'keywords', 'boolean', 'date', 'number'];
  const usable = all.filter((one) => kinds.includes(one.type) && one.name !== 'sha256');
  usable.sort((a, b) => rank(a) - rank(b) || kinds.indexOf(a.type) - kinds.indexOf(b.type));
  return usable.slice(0, MOST).map((one) => {
    if (one.type === 'number') return { field: one.name, kind: 'numbers', bins: VALUES };
    if (one.type === 'date') return { field: one.name, kind: 'dates' };
    return { field: one.name, kind: 'values', limit: VALUES };
  });
}

/** @param {import('./collections.js').Field} field */
function rank(field) {
  if (field.name === 'taken_at') return 0; // what a photo is looked for by
  return isTechnical(field.name) ? 2 : 1;
}
