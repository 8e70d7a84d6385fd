/** Keys that work everywhere, but not while somebody types. */
import { isOpen, togglePanel } from '../state/facets.js';
import { unfolded } from '../state/results.js';
import { question } from '../state/address.js';
import { setTileSize, tileSize } from '../state/look.js';
import { wanted } from '../grid/focus.js';
import { helpIsOpen } from './help.js';

/** @param {KeyboardEvent} event */
export function onPageKey(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.matches?.('input, textarea, select') || document.querySelector('dialog[open]')) return;
  if (event.key === '/') {
    document.getElementById('words')?.focus();
  } else if (event.key === '?') {
    helpIsOpen.value = true;
  } else if (question.value.view) {
    return;
  } else if (event.key === 'f') {
    togglePanel();
    if (isOpen.value) requestAnimationFrame(() => document.getElementById('facets')?.focus());
  } else if (event.key === 'l') {
    unfolded.value = !unfolded.value;
  } else if (event.key === '+' || event.key === '=') {
    setTileSize(tileSize.value + 1);
  } else if (event.key === '-') {
    setTileSize(tileSize.value - 1);
  } else if (event.key === 'ArrowDown' && target === document.body) {
    wanted.value = 0;
  } else return;
  event.preventDefault();
}
