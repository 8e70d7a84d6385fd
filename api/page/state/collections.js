/** Which collections there are, and the fields of the one that is searched. */
import { computed, signal } from '../vendor/preact.js';
import { ask, collectionPath } from './api.js';
import { go, question } from './address.js';

/**
 * @typedef {{name: string, model: string | null, records: number, bytes: number,
 *   parts: Record<string, number>, changed_at: string | null}} Collection
 * @typedef {{name: string, type: string, declared: boolean, records: number,
 *   examples: (string | number | boolean)[]}} Field
 */

/** @type {import('../vendor/preact.js').Signal<Collection[] | null>} */
export const collections = signal(null);
/** @type {import('../vendor/preact.js').Signal<Record<string, Field[]>>} */
const schemas = signal({});
/** @type {import('../vendor/preact.js').Signal<Error | null>} */
export const listError = signal(null);

/** The collection that is searched, where it is known. */
export const current = computed(
  () => collections.value?.find((one) => one.name === question.value.collection) ?? null,
);
export const fields = computed(() => schemas.value[question.value.collection] ?? []);
/** Whether its fields have been read. */
export const hasFields = computed(() => question.value.collection in schemas.value);

const TECHNICAL = ['sha256', 'bytes', 'width', 'height', 'format', 'orientation', 'altitude', 'latitude', 'longitude'];
/** @param {string} name */
export const isTechnical = (name) => TECHNICAL.includes(name);

/** What a price is called here; null where there is none. */
export const priceField = computed(
  () => fields.value.find((one) => /^(price|cost)(_|$)/i.test(one.name))?.name ?? null,
);
export const isShop = computed(
  () => priceField.value !== null && fields.value.some((one) => /^(title|name)$/i.test(one.name)),
);

/** Read the list; choose the largest collection where the address names none. */
export async function loadCollections() {
  try {
    /** @type {Collection[]} */
    const found = (await ask('GET', '/v1/collections')).collections;
    collections.value = found;
    listError.value = null;
    if (!question.value.collection && found.length) {
      const largest = found.reduce((a, b) => (b.records > a.records ? b : a));
      go({ collection: largest.name }, { replace: true });
    }
  } catch (error) {
    listError.value = /** @type {Error} */ (error);
  }
}

/**
 * Return the fields of a collection, read once until told anew.
 * @param {string} name
 * @param {{anew?: boolean}} [how]
 * @returns {Promise<Field[]>}
 */
export async function loadFields(name, { anew = false } = {}) {
  if (!anew && schemas.value[name]) return schemas.value[name];
  const found = (await ask('GET', collectionPath(name, '/schema'))).fields;
  schemas.value = { ...schemas.value, [name]: found };
  return found;
}
