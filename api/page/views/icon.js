/** Signs, drawn here; each stands beside or inside something that says the same in words. */
import { html } from '../vendor/preact.js';

/** @type {Record<string, string>} */
const PATHS = {
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5',
  picture: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01',
  close: 'M6 6l12 12M18 6 6 18',
  filter: 'M4 7h16M7 12h10M10 17h4',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  down: 'M6 9l6 6 6-6',
  up: 'M6 15l6-6 6 6',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  region: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  folder: 'M3 6h6l2 2h10v11H3z',
  video: 'M3 5h13v14H3zM16 10l5-3v10l-5-3',
  sound: 'M9 18V6l10-2v12M9 18a3 2.5 0 1 1-3-2.5A3 2.5 0 0 1 9 18zM19 16a3 2.5 0 1 1-3-2.5A3 2.5 0 0 1 19 16z',
  copies: 'M8 8h12v12H8zM4 16V4h12',
  help: 'M9 9a3 3 0 1 1 4 2.8c-.8.4-1 1-1 2.2M12 17.5h.01',
  saved: 'M7 4h10v16l-5-4-5 4z',
  check: 'M5 12.5l5 5L19 7',
};

/** @param {{name: string}} properties */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}
