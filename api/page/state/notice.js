/** One line about what has just happened or gone wrong, at the foot of the window. */
import { signal } from '../vendor/preact.js';

/** @type {import('../vendor/preact.js').Signal<Error | string | null>} */
export const notice = signal(null);
/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting;

/** @param {Error | string} what */
export function tell(what) {
  clearTimeout(waiting);
  notice.value = what;
  if (typeof what === 'string') waiting = setTimeout(() => { notice.value = null; }, 5000);
}
