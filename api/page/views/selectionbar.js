/** What is chosen, and what can be done with it. */
import { html } from '../vendor/preact.js';
import { go, question } from '../state/address.js';
import { tell } from '../state/notice.js';
import { chosen, clearSelection, copy, download, selection, tableOf } from '../state/selection.js';
import { t } from '../words/words.js';

export function SelectionBar() {
  const count = selection.value.size;
  if (!count) return null;
  const name = question.value.collection;
  const ids = () => chosen().map((one) => one.id).join('\n');
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
    <button type="button" onClick=${likeThese}>${t('moreLikeThese')}</button>
    <button type="button" class="quiet" onClick=${clearSelection}>${t('clearSelection')}</button>
  </div>`;
}
