/** One line about what has just happened or gone wrong. */
import { html } from '../vendor/preact.js';
import { notice } from '../state/notice.js';
import { isSpoken, spoken } from '../words/service.js';
import { t, told } from '../words/words.js';
import { Icon } from './icon.js';
import { copy } from '../state/selection.js';

/** What tells more than the kind of an error: what a file is instead of a picture. */
const NAMED = /^it is an? /;

/** @param {unknown} error */
export function messageOf(error) {
  const problem = /** @type {any} */ (error);
  if (problem.status === 0) return t('unreachable');
  const says = problem.message || String(error);
  if (NAMED.test(says) && isSpoken(says)) return spoken(says);
  return told(`problem-${problem.code}`) ?? spoken(says);
}

/** An error where it happened. @param {{error: unknown, onRetry?: () => void, retry?: string}} properties */
export function Failure({ error, onRetry, retry = t('tryAgain') }) {
  const { requestId } = /** @type {any} */ (error);
  return html`<div class="error" role="alert">
    <p>${messageOf(error)}</p>
    ${(onRetry || requestId) && html`<p class="row">
      ${onRetry && html`<button type="button" onClick=${onRetry}>${retry}</button>`}
      ${requestId && html`<button type="button" class="quiet mono" title=${t('copyRequestId')} onClick=${() => copy(requestId)}>${requestId}</button>`}
    </p>`}
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
