/** Indexing folders that the operator allows, with live progress. */
import { html, useEffect, useState } from '../vendor/preact.js';
import { ask, collectionPath } from '../state/api.js';
import { loadCollections, loadFields } from '../state/collections.js';
import { follow } from '../state/jobs.js';
import { refresh } from '../state/results.js';
import { spoken } from '../words/service.js';
import { t } from '../words/words.js';
import { Failure } from '../views/notice.js';
import { Progress } from '../views/progress.js';

/** @param {{collection: string}} properties */
export function Sources({ collection }) {
  const [list, setList] = useState(/** @type {string[] | null} */ (null));
  const [job, setJob] = useState(/** @type {any} */ (null));
  const [skipped, setSkipped] = useState(/** @type {{item: string, error: {detail: string}}[]} */ ([]));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  useEffect(() => {
    ask('GET', '/v1/sources').then((found) => setList(found.sources), () => setList(null));
  }, []);
  if (!list) return null;
  /** @param {string} source */
  const start = async (source) => {
    setError(null);
    setSkipped([]);
    try {
      const begun = await ask('POST', collectionPath(collection, '/jobs'), { source });
      const ended = await follow(collection, begun, setJob, new AbortController().signal);
      if (ended.error) setError(new Error(ended.error.detail));
      if (ended.counts.skipped) setSkipped((await ask('GET', collectionPath(collection, '/skipped?limit=200'))).skipped);
      await loadCollections();
      await loadFields(collection, { anew: true });
      refresh();
    } catch (problem) {
      setError(problem);
    }
  };
  const isRunning = job && ['waiting', 'running'].includes(job.state);
  return html`<h2>${t('sources')}</h2>
    <p class="muted">${t(list.length ? 'sourcesHow' : 'noSources')}</p>
    <ul class="sources">${list.map((one) => html`<li><span class="mono">${one}</span> <button type="button" disabled=${isRunning} onClick=${() => start(one)}>${t('index')}</button></li>`)}</ul>
    ${job && html`<${Progress} done=${job.done} total=${job.total} label=${t('jobState', job.state)} />
      <p class="row"><span>${t('jobState', job.state)}</span> <span>${t('stored_', job.counts.added ?? 0)}</span>
        ${job.counts.unchanged > 0 && html`<span class="muted">${t('already', job.counts.unchanged)}</span>`}
        ${job.counts.skipped > 0 && html`<span class="warning">${t('failed', job.counts.skipped)}</span>`}
        ${isRunning && html`<button type="button" onClick=${() => ask('DELETE', collectionPath(collection, `/jobs/${job.id}`))}>${t('stop')}</button>`}
      </p>
      ${job.warnings?.map((/** @type {string} */ one) => html`<p class="warning">${spoken(one)}</p>`)}`}
    ${skipped.length > 0 && html`<details open><summary>${t('whyNot')}</summary>
      <ul class="plain refused">${skipped.map((one) => html`<li><span class="mono">${one.item}</span> ${spoken(one.error.detail)}</li>`)}</ul></details>`}
    ${error && html`<${Failure} error=${error} />`}`;
}
