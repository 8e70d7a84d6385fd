/** The room of a search: how it was read, what was found, what to narrow it with. */
import { html, useEffect } from '../vendor/preact.js';
import { announce } from '../state/announce.js';
import { go, hasChoice, question } from '../state/address.js';
import { collections, current, fields, isTechnical, listError, loadCollections, loadFields } from '../state/collections.js';
import { followAnswers, isOpen, togglePanel } from '../state/facets.js';
import { askedThen } from '../state/reading.js';
import { answer, busy, exhausted, failure, hits, MOST, nearestAnyway, refresh, shownCount } from '../state/results.js';
import { setTileSize, SIZES, tileSize } from '../state/look.js';
import { looksFor } from '../state/query.js';
import { Grid } from '../grid/grid.js';
import { spoken } from '../words/service.js';
import { fieldLabel, number, percent, t } from '../words/words.js';
import { FacetPanel } from './facets.js';
import { Icon } from './icon.js';
import { EmptyCollection, NoCollection, NothingFits } from './nothing.js';
import { Failure } from './notice.js';
import { Reading } from './reading.js';
import { SelectionBar } from './selectionbar.js';

/** How many there are, in words. */
function countText() {
  if (!answer.value) return '';
  const { relevant: known, relevant_error: error } = answer.value;
  if (!looksFor(askedThen())) return t('records', known ?? hits.value.length);
  if (answer.value.no_match) return t('nothingFits');
  if (known === null) return t('atLeast', hits.value.length);
  return error ? t('about', t('results', known)) : t('results', known);
}

function SortChoice() {
  const sortable = fields.value.filter((one) => ['number', 'date'].includes(one.type));
  const names = sortable.filter((one) => !isTechnical(one.name)).concat(sortable.filter((one) => isTechnical(one.name)));
  const { sort } = question.value;
  return html`<label class="inline">${t('sort')}
    <select value=${sort} onChange=${(/** @type {any} */ event) => go({ sort: event.currentTarget.value })}>
      <option value="">${t('byRelevance')}</option>
      ${names.flatMap((one) => [
        html`<option value=${one.name}>${fieldLabel(one.name)} ↑</option>`,
        html`<option value=${`-${one.name}`}>${fieldLabel(one.name)} ↓</option>`,
      ])}
    </select>
  </label>`;
}

function GroupChoice() {
  const names = fields.value.filter((one) => one.type === 'keyword' && !isTechnical(one.name)).map((one) => one.name);
  const { group } = question.value;
  if (!names.length && !group) return null;
  return html`<label class="inline">${t('group')}
    <select value=${group} onChange=${(/** @type {any} */ event) => go({ group: event.currentTarget.value })}>
      <option value="">${t('noGroup')}</option>
      ${names.map((one) => html`<option value=${one}>${fieldLabel(one)}</option>`)}
    </select>
  </label>`;
}

function TargetChoice() {
  const parts = current.value?.parts ?? {};
  if (!parts.image || !parts.text) return null;
  const target = question.value.target || 'image';
  return html`<div class="segments" role="group" aria-label=${t('show')}>
    ${[['image', 'pictures'], ['text', 'texts'], ['any', 'everything']].map(([one, word]) => html`<button type="button" aria-pressed=${target === one} onClick=${() => go({ target: one === 'image' ? '' : one })}>${t(word)}</button>`)}
  </div>`;
}

function SizeChoice() {
  if (question.value.target === 'text') return null;
  return html`<input class="tile-size" type="range" min="0" max=${SIZES.length - 1} value=${tileSize.value}
    aria-label=${t('tileSize')} title="${t('tileSize')} (+ -)" aria-valuetext=${percent(SIZES[tileSize.value])}
    onInput=${(/** @type {any} */ event) => setTileSize(Number(event.currentTarget.value))} />`;
}

function Bar() {
  const chosen = Object.values(question.value.choices).filter(hasChoice).length;
  return html`<div class="results-bar">
    <button type="button" class="quiet" aria-expanded=${isOpen.value} aria-controls=${isOpen.value ? 'facets' : undefined} onClick=${togglePanel}>
      <${Icon} name="filter" /> ${t('filters')}${chosen > 0 ? html` <span class="badge">${number(chosen)}</span>` : ''}
    </button>
    <h1 class="count">${countText()}</h1>
    <span class="grow"></span>
    <${SizeChoice} />
    <${TargetChoice} />
    <${GroupChoice} />
    <${SortChoice} />
    <${Reading} />
  </div>`;
}

/** Say how many there are, once it has settled. */
function useAnnouncement() {
  const text = busy.value ? '' : countText();
  useEffect(() => {
    if (text) announce(text);
  }, [text]);
}

export function ResultsRoom() {
  useEffect(followAnswers, []);
  useAnnouncement();
  const { collection } = question.value;
  useEffect(() => {
    if (collection) loadFields(collection).catch(() => {});
  }, [collection]);
  if (listError.value) return html`<${Failure} error=${listError.value} onRetry=${loadCollections} />`;
  if (collections.value && !collections.value.length) return html`<${NoCollection} />`;
  if (current.value && !current.value.records) return html`<${EmptyCollection} />`;
  if (collections.value && collection && !current.value) {
    return html`<div class="empty"><h1>${t('noSuchCollection', collection)}</h1>
      ${collections.value.map((one) => html`<button type="button" onClick=${() => go({ collection: one.name })}>${one.name}</button> `)}</div>`;
  }
  const nothing = answer.value && (answer.value.no_match || (answer.value.hits.length === 0));
  const shown = shownCount();
  return html`<div class="room ${isOpen.value ? 'with-facets' : ''}">
    <${Bar} />
    <${FacetPanel} />
    <div class="found ${busy.value ? 'stale' : ''}">
      ${question.value.rules && html`<p class="by-draft row">${t('byDraft')} <button type="button" onClick=${() => go({ view: 'rules' })}>${t('rules')}</button> <button type="button" onClick=${() => go({ rules: '' })}>${t('asPublished')}</button></p>`}
      ${failure.value && html`<${Failure} error=${failure.value} onRetry=${refresh} />`}
      ${answer.value?.warnings?.map((/** @type {string} */ one) => html`<p class="warning">${spoken(one)}</p>`)}
      ${answer.value?.unrated && !nothing && html`<p class="muted small-text" title=${answer.value.unrated}>${t('unrated')}</p>`}
      ${nothing && !failure.value && html`<${NothingFits} />`}
      ${nothing && nearestAnyway.value && html`<p class="muted nearest">${t('nearest')}</p>`}
      ${shown > 0 && html`<${Grid} />`}
      ${hits.value.length >= MOST && html`<p class="muted">${t('narrowDown', number(MOST))}</p>`}
      ${exhausted.value && shown > 0 && html`<p class="end-of-list muted">${t('thatIsAll')}</p>`}
    </div>
    <${SelectionBar} />
  </div>`;
}
