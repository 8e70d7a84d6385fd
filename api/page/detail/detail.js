/** One hit, large, over the grid, which stays where it is. */
import { html, useEffect, useRef, useState } from '../vendor/preact.js';
import { ask, isAbort, recordPath } from '../state/api.js';
import { go, question } from '../state/address.js';
import { hits } from '../state/results.js';
import { mayWrite } from '../state/session.js';
import { fileOf, mediumOf } from '../grid/medium.js';
import { nameOf, thumbnailOf } from '../grid/tile.js';
import { percent, t } from '../words/words.js';
import { act } from '../views/actions.js';
import { Icon } from '../views/icon.js';
import { Failure } from '../views/notice.js';
import { Facts } from './facts.js';
import { RegionChoice } from './region.js';
import { SameElsewhere } from './same.js';

/** Read the whole record, which has all of its texts. @param {string} id */
function useRecord(id) {
  const [record, setRecord] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const { collection } = question.value;
  useEffect(() => {
    const stop = new AbortController();
    setError(null);
    ask('GET', recordPath(collection, id), undefined, stop.signal).then(setRecord, (problem) => {
      if (!isAbort(problem)) setError(problem);
    });
    return () => stop.abort();
  }, [id, collection]);
  return { record: record?.id === id ? record : null, error };
}

/** @param {{hit: any, id: string, isChoosing: boolean, onChosen: (part: string) => void, onCancel: () => void}} properties */
function Picture({ hit, id, isChoosing, onChosen, onCancel }) {
  const path = hit?.thumbnail ?? recordPath(question.value.collection, id, '/thumbnail');
  const original = hit?.image ?? recordPath(question.value.collection, id, '/image');
  const { width, height } = hit?.picture ?? {};
  const size = width && height ? { '--ratio': width / height, '--wide': `${Math.max(width, 640)}px` } : undefined;
  return html`<figure class="large">
    <span class="frame ${size ? 'known' : ''}" style=${size}>
      <img key=${path} alt=${hit ? nameOf(hit) : id} src=${thumbnailOf(path, 1280)} style=${{ backgroundColor: hit?.picture?.colour ?? undefined }} />
      ${isChoosing && html`<${RegionChoice} onChosen=${onChosen} onCancel=${onCancel} />`}
    </span>
    <figcaption><a href=${original} target="_blank" rel="noopener">${t('original')}</a></figcaption>
  </figure>`;
}

/** What stands in the place of a picture of a video or a sound. @param {{record: any, medium: string}} properties */
function Medium({ record, medium }) {
  const isWeb = /^https?:\/\//i.test(record.uri);
  return html`<figure class="large"><span class="medium-large"><${Icon} name=${medium} /><span>${t(medium)}</span><span class="mono">${fileOf(record.uri)}</span></span>
    ${isWeb && html`<figcaption><a href=${record.uri} target="_blank" rel="noopener noreferrer">${t('original')}</a></figcaption>`}
  </figure>`;
}

/** Whether records can be pinned and hidden here: for words alone, by whoever may write. */
function mayCurate() {
  const { words, terms } = question.value;
  return words.trim() !== '' && terms.length === 0 && mayWrite();
}

/** @param {{id: string}} properties */
export function Detail({ id }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const { record, error } = useRecord(id);
  const [isChoosing, setChoosing] = useState(() => act.takeRegionWish());
  const index = hits.value.findIndex((one) => one.id === id);
  const hit = index >= 0 ? hits.value[index] : null;
  const shown = hit ?? record;
  const lastId = useRef(id);
  lastId.current = id;
  useEffect(() => {
    dialog.current?.showModal();
    /** @type {HTMLElement | null | undefined} */ (dialog.current?.querySelector('.region'))?.focus();
    return () => act.returnTo(lastId.current);
  }, []);
  /** @param {number} by */
  const step = (by) => {
    const next = hits.value[index + by];
    if (index >= 0 && next) go({ open: next.id }, { replace: true });
  };
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || isChoosing || target.matches('input, select')) return;
    if (event.key === 'ArrowRight') step(1);
    else if (event.key === 'ArrowLeft') step(-1);
    else if (event.key === 'm') act.like(id, 1);
    else if (event.key === 'n') act.like(id, -1);
    else if (event.key === 'r') setChoosing(true);
    else return;
    event.preventDefault();
  };
  const hasPicture = Boolean(shown?.thumbnail);
  const medium = mediumOf(shown);
  return html`<dialog ref=${dialog} class="detail" aria-label=${shown ? nameOf(shown) : id} onKeyDown=${onKey}
    onCancel=${(/** @type {Event} */ event) => { event.preventDefault(); if (isChoosing) setChoosing(false); else act.close(); }}
    onClick=${(/** @type {Event} */ event) => { if (event.target === dialog.current) act.close(); }}
  >
    <div class="detail-bar">
      <button type="button" class="quiet" onClick=${() => act.close()}><${Icon} name="left" /> ${t('back')}</button>
      <span class="grow"></span>
      <button type="button" class="quiet tight" disabled=${index <= 0} aria-label=${t('previous')} onClick=${() => step(-1)}><${Icon} name="left" /></button>
      <button type="button" class="quiet tight" disabled=${index < 0 || index >= hits.value.length - 1} aria-label=${t('next')} onClick=${() => step(1)}><${Icon} name="right" /></button>
    </div>
    <div class="detail-body">
      ${hasPicture && html`<${Picture} hit=${shown} id=${id} isChoosing=${isChoosing} onCancel=${() => setChoosing(false)} onChosen=${(/** @type {string} */ part) => act.like(id, 1, part)} />`}
      ${!hasPicture && medium && html`<${Medium} record=${shown} medium=${medium} />`}
      <div class="about">
        <h2>${shown ? nameOf(shown) : id}</h2>
        ${hit && hit.relevance !== null && html`<p class="muted">${t('relevance', percent(hit.relevance))}</p>`}
        <p class="row">
          <button type="button" class="primary" onClick=${() => act.like(id, 1)}>${t('moreLikeThis')}</button>
          <button type="button" onClick=${() => act.like(id, -1)}>${t('notLikeThis')}</button>
          ${hasPicture && html`<button type="button" aria-pressed=${isChoosing} onClick=${() => setChoosing(!isChoosing)}><${Icon} name="region" /> ${t('searchRegion')}</button>`}
        </p>
        ${hit && mayCurate() && html`<p class="row">
          <button type="button" onClick=${() => act.curate(id, 'pin')}>${t('pinFor', question.value.words)}</button>
          <button type="button" onClick=${() => act.curate(id, 'hide')}>${t('hideFor', question.value.words)}</button>
        </p>`}
        ${hit && question.value.group && (hit.group_size ?? 1) > 1 && html`<p><button type="button" onClick=${() => act.openGroup(hit)}>${t('wholeGroup', hit.group_size, hit.group_value)}</button></p>`}
        ${isChoosing && html`<p class="hint">${t('regionHow')}</p>`}
        ${error && html`<${Failure} error=${error} />`}
        ${shown && html`<${Facts} record=${record ?? shown} hit=${hit} />`}
        ${hasPicture && record && html`<${SameElsewhere} key=${id} id=${id} />`}
      </div>
    </div>
  </dialog>`;
}
