/** What is said to those who do not see: once, and only when it has settled. */
import { signal } from '../vendor/preact.js';

export const spoken = signal('');
/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting;

/** @param {string} text */
export function announce(text) {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    spoken.value = text;
  }, 600);
}
