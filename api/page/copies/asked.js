/** The pictures that are looked up: several are looked up one after the other, and listed. */
import { html, useEffect, useState } from '../vendor/preact.js';
import { ask, collectionPath } from '../state/api.js';
import { announce } from '../state/announce.js';
import { t } from '../words/words.js';
import { Icon } from '../views/icon.js';
import { messageOf } from '../views/notice.js';

/** @typedef {{picture: Blob, url: string, found: any, error: unknown}} Asked */

/**
 * Look pictures up in a collection, anew whenever others are given.
 * @param {string} collection
 * @param {Blob[]} pictures
 * @param {(found: any) => string} verdictText
 * @returns {{list: Asked[], again: () => void}}
 */
export function useLookups(collection, pictures, verdictText) {
  const [list, setList] = useState(/** @type {Asked[]} */ ([]));
  const [round, setRound] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    let now = pictures.map((picture) => ({ picture, url: URL.createObjectURL(picture), found: null, error: /** @type {unknown} */ (null) }));
    const made = now.map((one) => one.url);
    setList(now);
    const all = async () => {
      for (const [at, { picture }] of now.entries()) {
        const answer = await lookedUp(collection, picture, stop.signal);
        if (stop.signal.aborted) return;
        now = now.map((one, place) => (place === at ? { ...one, ...answer } : one));
        setList(now);
        if (now.length === 1 && answer.found) announce(verdictText(answer.found));
      }
      if (now.length > 1) announce(countText(now));
    };
    all();
    return () => {
      stop.abort();
      for (const url of made) URL.revokeObjectURL(url);
    };
  }, [collection, pictures, round]);
  return { list, again: () => setRound(round + 1) };
}

/** @param {string} collection @param {Blob} picture @param {AbortSignal} stop */
async function lookedUp(collection, picture, stop) {
  const form = new FormData();
  form.append('image', picture, 'picture');
  try {
    return { found: await ask('POST', collectionPath(collection, '/lookup'), form, stop), error: null };
  } catch (error) {
    return { found: null, error };
  }
}

/** Whether the picture, or what it was made from, is there. @param {any} found */
export function isThere(found) {
  return !['none', 'similar', 'variant', 'hash-match'].includes(found.verdict);
}

/** @param {Asked[]} list */
function countText(list) {
  const done = list.filter((one) => one.found || one.error).length;
  const there = list.filter((one) => one.found && isThere(one.found)).length;
  return t('lookedUp', done, list.length, there);
}

/** @param {{one: Asked, isShown: boolean, onShow: () => void}} properties */
function Item({ one, isShown, onShow }) {
  const name = one.picture instanceof File ? one.picture.name : '';
  const said = one.error ? messageOf(one.error) : one.found ? t(one.found.verdict === 'none' ? 'notHere' : `verdict-${one.found.verdict}`) : t('looking');
  return html`<li><button type="button" class="thumb" aria-pressed=${isShown} title=${name} onClick=${onShow}>
    ${one.error ? html`<span class="no-picture"><${Icon} name="picture" /></span>` : html`<img alt="" src=${one.url} />`}
    <span class="verdict ${one.found && isThere(one.found) ? 'good' : ''}">${said}</span>
    <span class="mono">${name}</span>
  </button></li>`;
}

/** @param {{list: Asked[], at: number, onShow: (at: number) => void}} properties */
export function AskedList({ list, at, onShow }) {
  return html`<p>${countText(list)}</p>
    <ul class="strip asked">
      ${list.map((one, place) => html`<${Item} key=${one.url} one=${one} isShown=${place === at} onShow=${() => onShow(place)} />`)}
    </ul>`;
}
