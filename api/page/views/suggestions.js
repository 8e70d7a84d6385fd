/** What may be meant while somebody types, from the collection's own titles and values. */
import { html, signal, useEffect, useState } from '../vendor/preact.js';
import { ask, collectionPath } from '../state/api.js';
import { question } from '../state/address.js';
import { number, t } from '../words/words.js';

const WAIT_MS = 120;
/** Whether there are any to choose from. */
export const isOffering = signal(false);

/** @typedef {{text: string, count: number, kind: string, name: string}} Suggestion */

/** @param {string} typed @returns {Promise<Suggestion[]>} */
async function suggestionsFor(typed) {
  const { collection } = question.value;
  if (typed.trim().length < 2 || !collection) return [];
  const query = new URLSearchParams({ q: typed, limit: '8' });
  try {
    return (await ask('GET', collectionPath(collection, `/suggestions?${query}`))).suggestions;
  } catch {
    return []; // a search says itself what is wrong
  }
}

/** @param {{typed: string, onChoose: (text: string) => void}} properties */
export function Suggestions({ typed, onChoose }) {
  const [list, setList] = useState(/** @type {Suggestion[]} */ ([]));
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
  const isShown = typed !== '' && list.length > 0;
  useEffect(() => { isOffering.value = isShown; }, [isShown]);
  if (!isShown) return null;
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
    ><span>${one.text}</span><span class="muted">${one.kind === 'value' ? `${one.name} · ` : ''}${number(one.count)}</span></button>`)}
  </div>`;
}
