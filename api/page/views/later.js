/** Parts of the page that are fetched when they are first shown: the first search needs none of them. */
import { html, signal, useEffect } from '../vendor/preact.js';
import { Failure } from './notice.js';

/**
 * Return a component in the place of one that is fetched.
 * @param {() => Promise<any>} load returns the component
 */
export function later(load) {
  const found = signal(/** @type {{part?: any, error?: unknown}} */ ({}));
  const fetchPart = () => {
    found.value = {};
    load().then((part) => { found.value = { part }; }, (error) => { found.value = { error }; });
  };
  return function Later(/** @type {any} */ properties) {
    useEffect(() => { if (!found.value.part) fetchPart(); }, []);
    const { part, error } = found.value;
    if (error) return html`<${Failure} error=${error} onRetry=${fetchPart} />`;
    return part ? html`<${part} ...${properties} />` : null;
  };
}
