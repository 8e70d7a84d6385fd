/** Whether the same picture is in the collection elsewhere, looked up when asked for. */
import { html, useState } from '../vendor/preact.js';
import { ask, collectionPath, recordPath, send } from '../state/api.js';
import { go, question } from '../state/address.js';
import { thumbnailOf } from '../grid/tile.js';
import { percent, t } from '../words/words.js';
import { Failure } from '../views/notice.js';

/** @param {{id: string}} properties */
export function SameElsewhere({ id }) {
  const [found, setFound] = useState(/** @type {any[] | null} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [isBusy, setBusy] = useState(false);
  const look = async () => {
    const { collection } = question.value;
    setBusy(true);
    setError(null);
    try {
      const picture = await (await send('GET', recordPath(collection, id, '/image'))).blob();
      const form = new FormData();
      form.append('image', picture, 'picture');
      form.append('lookup', JSON.stringify({ limit: 13, copies_only: true }));
      const answer = await ask('POST', collectionPath(collection, '/lookup'), form);
      setFound(answer.candidates.filter((/** @type {any} */ one) => one.id !== id && one.confidence >= 0.5));
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  if (error) return html`<${Failure} error=${error} onRetry=${look} />`;
  if (!found) return html`<p><button type="button" disabled=${isBusy} onClick=${look}>${t(isBusy ? 'looking' : 'findCopies')}</button></p>`;
  if (!found.length) return html`<p class="muted">${t('noCopies')}</p>`;
  return html`<h3>${t('alsoHere')}</h3><div class="strip">
    ${found.map((one) => html`<button type="button" class="thumb" aria-label="${one.id}, ${t(`verdict-${one.verdict}`)} ${percent(one.confidence)}" onClick=${() => go({ open: one.id }, { replace: true })}>
      <img alt="" src=${thumbnailOf(one.thumbnail, 320)} /><span>${t(`verdict-${one.verdict}`)} ${percent(one.confidence)}</span>
    </button>`)}
  </div>`;
}
