/** Parts of the page that are fetched when they are first shown: the first search needs none of them. */
import { html, signal, useEffect } from '../vendor/preact.js';

/**
 * Return a component in the place of one that is fetched.
 * @param {() => Promise<any>} load returns the component
 */
export function later(load) {
  const found = signal(/** @type {{part?: any, error?: unknown}} */ ({}));
  return function Later(/** @type {any} */ properties) {
    useEffect(() => {
      if (found.value.part) return;
      found.value = {};
      load().then((part) => { found.value = { part }; }, (error) => { found.value = { error }; });
    }, []);
    const { part, error } = found.value;
    if (error) throw error;
    return part ? html`<${part} ...${properties} />` : null;
  };
}
