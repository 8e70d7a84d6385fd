/** Review of duplicates: found by a job, decided group by group or all exact ones at once. */
import { html, useEffect, useRef, useState } from '../vendor/preact.js';
import { ask, collectionPath } from '../state/api.js';
import { announce } from '../state/announce.js';
import { question } from '../state/address.js';
import { follow } from '../state/jobs.js';
import { download } from '../state/selection.js';
import { bytes, number, t } from '../words/words.js';
import { Failure } from '../views/notice.js';
import { Progress } from '../views/progress.js';
import { GroupRow } from './group.js';
import { acceptExact, bytesFreed, bytesPossible, droppedOf, groupOf, isExact, listOf, movesOf } from './review.js';

const PAGE = 500;

/** Jobs that have been started, by collection, so that coming back finds them. @type {Map<string, any>} */
const known = new Map();

/** @param {string} collection @param {string} id @returns {Promise<import('./review.js').Group[]>} */
async function groupsOf(collection, id) {
  const groups = [];
  for (;;) {
    const path = collectionPath(collection, `/duplicates/${id}?first=${groups.length}&limit=${PAGE}`);
    const page = await ask('GET', path);
    groups.push(...page.clusters.map(groupOf));
    if (groups.length >= page.total || !page.clusters.length) return groups;
  }
}

/** @param {string} collection */
function useSearch(collection) {
  const [job, setJob] = useState(/** @type {any} */ (null));
  const [groups, setGroups] = useState(/** @type {import('./review.js').Group[] | null} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const stop = useRef(new AbortController());
  /** @param {any} begun */
  const watch = async (begun) => {
    stop.current.abort();
    stop.current = new AbortController();
    setError(null);
    setGroups(null);
    try {
      const ended = await follow(collection, begun, setJob, stop.current.signal);
      known.set(collection, ended);
      if (ended.state === 'done') setGroups(await groupsOf(collection, ended.id));
      if (ended.state === 'failed') setError(new Error(ended.error?.detail ?? t('jobState', 'failed')));
    } catch (problem) {
      if (!stop.current.signal.aborted) setError(problem);
    }
  };
  const start = async () => {
    try {
      const begun = await ask('POST', collectionPath(collection, '/duplicates'));
      known.set(collection, begun);
      await watch(begun);
    } catch (problem) {
      setError(problem);
    }
  };
  useEffect(() => {
    setJob(null);
    setGroups(null);
    setError(null);
    const begun = known.get(collection);
    if (begun) watch(begun);
    return () => stop.current.abort();
  }, [collection]);
  return { job, groups, setGroups, error, start };
}

/** @param {{groups: import('./review.js').Group[], setGroups: (groups: any) => void}} properties */
function Review({ groups, setGroups }) {
  const [at, setAt] = useState(0);
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const decided = groups.filter((one) => one.state).length;
  const exact = groups.filter((one) => !one.state && isExact(one)).length;
  const { collection } = question.value;
  /** @param {number} place @param {Partial<import('./review.js').Group>} changes */
  const change = (place, changes) => {
    setGroups(groups.map((one, other) => (other === place ? { ...one, ...changes } : one)));
  };
  /** @param {number} place */
  const moveTo = (place) => {
    const next = Math.min(Math.max(place, 0), groups.length - 1);
    setAt(next);
    requestAnimationFrame(() => {
      const row = /** @type {HTMLElement | null} */ (list.current?.children[next]);
      row?.focus();
    });
  };
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const group = groups[at];
    const count = group.members.length;
    if (event.key === 'ArrowDown' || event.key === 'j') moveTo(at + 1);
    else if (event.key === 'ArrowUp' || event.key === 'k') moveTo(at - 1);
    else if (event.key === 'ArrowRight') change(at, { keep: (group.keep + 1) % count });
    else if (event.key === 'ArrowLeft') change(at, { keep: (group.keep + count - 1) % count });
    else if (event.key === 'a') { change(at, { state: 'accepted' }); moveTo(at + 1); }
    else if (event.key === 's') { change(at, { state: 'all' }); moveTo(at + 1); }
    else if (event.key === 'u') change(at, { state: '', keep: 0 });
    else return;
    event.preventDefault();
  };
  return html`<div class="review-bar">
      <strong>${t('decided', decided, groups.length)}</strong>
      <span class="muted">${t('reclaimable', bytes(decided ? bytesFreed(groups) : bytesPossible(groups)))}</span>
      <span class="grow"></span>
      <button type="button" class="primary" title=${t('acceptHow')} disabled=${!exact} onClick=${() => { setGroups(acceptExact(groups)); announce(t('decided', decided + exact, groups.length)); }}>${t('acceptExact', exact)}</button>
      <button type="button" disabled=${!decided} onClick=${() => download(`${collection}-duplicates.tsv`, `${listOf(groups)}\n`, 'text/tab-separated-values')}>${t('listOut')}</button>
      <button type="button" title=${t('movesHow')} disabled=${!groups.flatMap(droppedOf).length} onClick=${() => download(`${collection}-duplicates.sh`, movesOf(groups, [t('movesHow'), t('movesWhere')]), 'text/x-shellscript')}>${t('movesOut')}</button>
    </div>
    <p class="muted small-text">${t('reviewKeys')}</p>
    <div ref=${list} class="groups" onKeyDown=${onKey}>
      ${groups.map((one, place) => html`<${GroupRow} key=${one.members[0].part.uri + one.members[0].id} group=${one} place=${place} isCurrent=${place === at}
        onFocus=${() => setAt(place)} onChange=${(/** @type {any} */ changes) => change(place, changes)} />`)}
    </div>`;
}

export function CopiesRoom() {
  const { collection } = question.value;
  const { job, groups, setGroups, error, start } = useSearch(collection);
  const isRunning = job && ['waiting', 'running'].includes(job.state);
  return html`<section class="panel wide" aria-labelledby="copies-title">
    <h1 id="copies-title">${t('duplicates')} <span class="muted">${collection}</span>${groups ? html` <span class="muted">${t('groups', groups.length)}</span>` : ''}</h1>
    <p class="muted">${t('duplicatesHow', collection)}</p>
    ${!isRunning && html`<p class="row"><button type="button" class=${groups ? '' : 'primary'} onClick=${start}>${t(groups ? 'again' : 'findDuplicates')}</button></p>`}
    ${isRunning && html`<${Progress} done=${job.done} total=${job.total} label=${job.state === 'waiting' ? t('waitsForOthers') : t('looking')} />
      <p class="row"><button type="button" onClick=${() => ask('DELETE', collectionPath(collection, `/jobs/${job.id}`))}>${t('stop')}</button></p>`}
    ${error && html`<${Failure} error=${error} onRetry=${start} />`}
    ${groups && !groups.length && html`<p>${t('noDuplicates')}</p>`}
    ${groups && groups.length > 0 && html`<${Review} groups=${groups} setGroups=${setGroups} />`}
    ${job?.counts?.unreadable > 0 && html`<p class="warning">${t('unreadable', number(job.counts.unreadable))}</p>`}
  </section>`;
}
