/** One line about what has just happened or gone wrong. */
import { html } from '../vendor/preact.js';
import { notice } from '../state/notice.js';
import { t, told } from '../words/words.js';
import { Icon } from './icon.js';
import { copy } from '../state/selection.js';

/** @param {unknown} error */
export function messageOf(error) {
  const problem = /** @type {any} */ (error);
  if (problem.status === 0) return t('unreachable');
  return told(`problem-${problem.code}`) ?? (problem.message || String(error));
}

/** An error where it happened. @param {{error: unknown, onRetry?: () => void, retry?: string}} properties */
export function Failure({ error, onRetry, retry = t('tryAgain') }) {
  const { requestId } = /** @type {any} */ (error);
  return html`<div class="error" role="alert">
    <p>${messageOf(error)}</p>
    <p class="row">
      ${onRetry && html`<button type="button" onClick=${onRetry}>${retry}</button>`}
      ${requestId && html`<button type="button" class="quiet mono" title=${t('copyRequestId')} onClick=${() => copy(requestId)}>${requestId}</button>`}
    </p>
  </div>`;
}

export function Notice() {
  const what = notice.value;
  if (!what) return null;
  const isError = what instanceof Error;
  return html`<div class="notice ${isError ? 'bad' : ''}" role=${isError ? 'alert' : 'status'}>
    <span>${isError ? messageOf(what) : what}</span>
    <button type="button" class="quiet" aria-label=${t('close')} onClick=${() => { notice.value = null; }}><${Icon} name="close" /></button>
  </div>`;
}
