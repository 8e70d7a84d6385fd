/** How far something is. */
import { html } from '../vendor/preact.js';
import { number, t } from '../words/words.js';

/** @param {{done: number, total: number, label: string}} properties */
export function Progress({ done, total, label }) {
  return html`<div class="progress-line">
    <progress aria-label=${label} max=${total || 1} value=${total ? done : undefined}></progress>
    <span>${total ? t('uploadProgress', number(done), number(total)) : label}</span>
  </div>`;
}
