/** What is chosen, and what can be done with it. */
import { html } from '../vendor/preact.js';
import { go, question } from '../state/address.js';
import { tell } from '../state/notice.js';
import { chosen, clearSelection, copy, download, downloadOriginals, selection, tableOf } from '../state/selection.js';
import { t } from '../words/words.js';

const MOST_PICTURES = 500;

export function SelectionBar() {
  const count = selection.value.size;
  if (!count) return null;
  const name = question.value.collection;
  const ids = () => chosen().map((one) => one.id).join('\n');
  const pictures = () => {
    if (count > MOST_PICTURES) tell(t('tooManyPictures', MOST_PICTURES));
    else downloadOriginals(name, chosen().map((one) => one.id)).catch((/** @type {Error} */ error) => tell(error));
  };
  const likeThese = () => {
    const terms = chosen().slice(0, 16).map((one) => ({ kind: /** @type {const} */ ('like'), value: one.id, weight: 1, part: '' }));
    clearSelection();
    go({ words: '', terms, sort: '' });
    scrollTo(0, 0);
  };
  return html`<div class="selection-bar" role="region" aria-label=${t('selection')}>
    <strong>${t('chosen', count)}</strong>
    <button type="button" onClick=${() => tell(copy(ids()) ? t('copied', count) : t('cannotCopy'))}>${t('copyIds')}</button>
    <button type="button" onClick=${() => download(`${name}.txt`, `${ids()}\n`)}>${t('downloadList')}</button>
    <button type="button" onClick=${() => download(`${name}.csv`, `\uFEFF${tableOf(chosen())}\r\n`, 'text/csv')}>${t('downloadTable')}</button>
    <button type="button" onClick=${pictures}>${t('downloadPictures')}</button>
    <button type="button" onClick=${likeThese}>${t('moreLikeThese')}</button>
    <button type="button" class="quiet" onClick=${clearSelection}>${t('clearSelection')}</button>
  </div>`;
}
