/** A text with the words that matched marked; it stays a text, whatever is in it. */
import { html } from '../vendor/preact.js';

/** @param {{text: string, words: string[]}} properties */
export function Marked({ text, words }) {
  const escaped = words.filter(Boolean).map((one) => one.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (!escaped.length) return text;
  const pieces = text.split(new RegExp(`(${escaped.join('|')})`, 'giu'));
  return pieces.map((one, at) => (at % 2 ? html`<mark>${one}</mark>` : one));
}
