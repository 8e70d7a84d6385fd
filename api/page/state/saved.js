/** Searches to come back to: saved ones, which the service keeps, and those of this visit. */
import { effect, signal } from '../vendor/preact.js';
import { ask, collectionPath } from './api.js';
import { blank, go, parse, question, written } from './address.js';
import { answered } from './results.js';

/** @typedef {{name: string, search: string, saved_at: string}} SavedSearch */

const MOST_RECENT = 8;
/** @type {import('../vendor/preact.js').Signal<SavedSearch[]>} */
export const saved = signal([]);
/** Addresses that were asked, the latest first. @type {import('../vendor/preact.js').Signal<string[]>} */
export const recent = signal([]);

/** The part of an address behind the "?" that says what is searched, without where. */
export function savable(asked = question.value) {
  return written({ ...asked, collection: '', open: '', view: '' }).slice(2);
}

/** Remember what was answered. */
export function followAnswered() {
  return effect(() => {
    const asked = parse(answered.value.slice(2));
    if (!asked.words && !asked.terms.length) return;
    const address = answered.value;
    recent.value = [address, ...recent.peek().filter((one) => one !== address)].slice(0, MOST_RECENT);
  });
}

export async function loadSaved() {
  const { collection } = question.value;
  if (!collection) return;
  saved.value = (await ask('GET', collectionPath(collection, '/saved-searches'))).searches;
}

/** @param {string} name */
export async function save(name) {
  const { collection } = question.value;
  await ask('PUT', collectionPath(collection, '/saved-searches'), { name, search: savable() });
  await loadSaved();
}

/** @param {string} name */
export async function removeSaved(name) {
  const { collection } = question.value;
  const query = new URLSearchParams({ search: name });
  await ask('DELETE', collectionPath(collection, `/saved-searches?${query}`));
  await loadSaved();
}

/** Ask again. @param {string} search the part of an address behind the "?" */
export function askAgain(search) {
  const found = parse(search);
  go({ ...blank(), ...found, collection: found.collection || question.value.collection });
  scrollTo(0, 0);
}
