/** What may be meant while somebody types, from the collection's own titles and values. */
import { html, useEffect, useState } from '../vendor/preact.js';
import { ask, collectionPath } from '../state/api.js';
import { question } from '../state/address.js';
import { number, t } from '../words/words.js';

const WAIT_MS = 120;
let isOffered = false;

/** @param {string} typed @returns {Promise<{text: string, count?: number}[]>} */
async function suggestionsFor(typed) {
  if (!isOffered || typed.trim().length < 2) return [];
  const query = new URLSearchParams({ q: typed, limit: '8' });
  try {
    return (await ask('GET', collectionPath(question.value.collection, `/suggestions?${query}`))).suggestions;
  } catch (error) {
    if (/** @type {any} */ (error).status === 404) isOffered = false;
    return [];
  }
}

/** @param {{typed: string, onChoose: (text: string) => void}} properties */
export function Suggestions({ typed, onChoose }) {
  const [list, setList] = useState(/** @type {{text: string, count?: number}[]} */ ([]));
  useEffect(() => {
    let isStale = false;
    const waiting = setTimeout(async () => {
      const found = await suggestionsFor(typed);
      if (!isStale) setList(found);
    }, WAIT_MS);
    return () => {
      isStale = true;
      clearTimeout(waiting);
    };
  }, [typed]);
  if (!typed || !list.length) return html`<div id="suggestions" hidden></div>`;
  /** @param {any} event */
  const onKey = (event) => {
    const { key, currentTarget } = event;
    if (key === 'ArrowDown') currentTarget.nextElementSibling?.focus();
    else if (key === 'ArrowUp') (currentTarget.previousElementSibling ?? document.getElementById('words'))?.focus();
    else if (key === 'Escape') document.getElementById('words')?.focus();
    else return;
    event.preventDefault();
  };
  return html`<div id="suggestions" class="suggestions" role="listbox" aria-label=${t('suggestions')}>
    ${list.map((one) => html`<button
      type="button" role="option" aria-selected="false" onKeyDown=${onKey}
      onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()}
      onClick=${() => onChoose(one.text)}
    ><span>${one.text}</span>${one.count ? html`<span class="muted">${number(one.count)}</span>` : ''}</button>`)}
  </div>`;
}
