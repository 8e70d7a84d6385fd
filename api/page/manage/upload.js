/** Adding pictures from this machine, with what was not taken and why. */
import { html, useEffect, useRef, useState } from '../vendor/preact.js';
import { loadCollections, loadFields } from '../state/collections.js';
import { refresh } from '../state/results.js';
import { download } from '../state/selection.js';
import { spoken } from '../words/service.js';
import { t } from '../words/words.js';
import { receiver } from '../views/drop.js';
import { Failure } from '../views/notice.js';
import { Progress } from '../views/progress.js';
import { groupsOf, idOf, sendGroup, stored } from './uploading.js';

const NOTHING = { done: 0, total: 0, added: 0, known: 0, others: 0, refused: /** @type {{id: string, why: string}[]} */ ([]) };

/** @param {File} file */
const isPicture = (file) => file.type.startsWith('image/') || /\.(jpe?g?|jfif|a?png|webp|gif|bmp|dib|tiff?|avif|hei[cf]|hif|jxl|dng|cr[23]|nef|nrw|arw|orf|rw2|raf|pef|srw)$/i.test(file.name);

/** @param {string} collection */
function useUpload(collection) {
  const [state, setState] = useState(NOTHING);
  const [isRunning, setRunning] = useState(false);
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);
  /** @param {File[]} chosen */
  const start = async (chosen) => {
    const files = chosen.filter(isPicture);
    const others = chosen.length - files.length;
    if (!files.length) {
      setState({ ...NOTHING, others });
      return;
    }
    stop.current = new AbortController();
    const { signal } = stop.current;
    setRunning(true);
    setError(null);
    let now = { ...NOTHING, total: files.length, others };
    setState(now);
    try {
      const there = await stored(collection, signal);
      const fresh = files.filter((one) => there.get(idOf(one)) !== one.size);
      now = { ...now, known: files.length - fresh.length, done: files.length - fresh.length };
      setState(now);
      for (const group of groupsOf(fresh)) {
        if (signal.aborted) break;
        const results = await sendGroup(collection, group, signal);
        const refused = results.filter((one) => one.status !== 'stored').map((one) => ({ id: one.id, why: one.error?.detail ?? '' }));
        now = {
          ...now, done: now.done + group.length, added: now.added + group.length - refused.length,
          refused: [...now.refused, ...refused],
        };
        setState(now);
      }
    } catch (problem) {
      if (!signal.aborted) setError(problem);
    }
    setRunning(false);
    await loadCollections();
    await loadFields(collection, { anew: true }).catch(() => {});
    refresh();
  };
  return { state, isRunning, error, start, halt: () => stop.current.abort() };
}

/** @param {{refused: {id: string, why: string}[]}} properties */
function Refused({ refused }) {
  if (!refused.length) return null;
  return html`<details open><summary>${t('whyNot')} (${refused.length})</summary>
    <ul class="plain refused">${refused.slice(0, 200).map((one) => html`<li><span class="mono">${one.id}</span> ${spoken(one.why)}</li>`)}</ul>
    <button type="button" onClick=${() => download('not-taken.tsv', refused.map((one) => `${one.id}\t${spoken(one.why)}`).join('\n'))}>${t('downloadList')}</button>
  </details>`;
}

/** @param {{collection: string}} properties */
export function Upload({ collection }) {
  const { state, isRunning, error, start, halt } = useUpload(collection);
  const file = useRef(/** @type {HTMLInputElement | null} */ (null));
  const folder = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => {
    receiver.take = start;
    return () => { receiver.take = null; };
  }, []);
  /** @param {any} event */
  const onChoose = (event) => {
    start([...event.currentTarget.files]);
    event.currentTarget.value = '';
  };
  return html`<h2>${t('uploadInto', collection)}</h2>
    <p class="muted">${t('uploadHow')}</p>
    <div class="drop-area">
      <button type="button" class="primary" disabled=${isRunning} onClick=${() => file.current?.click()}>${t('chooseFiles')}</button>
      <button type="button" disabled=${isRunning} onClick=${() => folder.current?.click()}>${t('chooseFolder')}</button>
      <input ref=${file} type="file" multiple accept="image/*" class="hidden" tabindex="-1" aria-hidden="true" data-upload="yes" onChange=${onChoose} />
      <input ref=${folder} type="file" webkitdirectory class="hidden" tabindex="-1" aria-hidden="true" onChange=${onChoose} />
    </div>
    ${state.total > 0 && html`<${Progress} done=${state.done} total=${state.total} label=${t('uploadInto', collection)} />
      <p class="row">
        <span>${t('stored_', state.added)}</span>
        ${state.known > 0 && html`<span class="muted">${t('already', state.known)}</span>`}
        ${state.refused.length > 0 && html`<span class="warning">${t('failed', state.refused.length)}</span>`}
        ${isRunning && html`<button type="button" onClick=${halt}>${t('stop')}</button>`}
      </p>
      <${Refused} refused=${state.refused} />`}
    ${state.others > 0 && html`<p class="muted" role="status">${t('notPictures', state.others)}</p>`}
    ${error && html`<${Failure} error=${error} />`}`;
}
