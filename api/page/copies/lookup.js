/** Is this picture, or what it was made from, in the collection? */
import { html, useEffect, useRef, useState } from '../vendor/preact.js';
import { go, question } from '../state/address.js';
import { previews } from '../state/previews.js';
import { thumbnailOf } from '../grid/tile.js';
import { percent, t } from '../words/words.js';
import { receiver } from '../views/drop.js';
import { Icon } from '../views/icon.js';
import { Failure } from '../views/notice.js';
import { AskedList, isThere, useLookups } from './asked.js';
import { Comparison } from './comparison.js';

/** The picture being searched with, which is what people want to look up next. @returns {Blob[]} */
function pictureOfSearch() {
  const term = question.value.terms.find((one) => one.kind === 'picture');
  const picture = term ? previews.of(term.value)?.picture : null;
  return picture ? [picture] : [];
}

/** @param {any} found */
function verdictText(found) {
  const name = question.value.collection;
  if (found.verdict === 'none') return t('lookupNone', name);
  if (found.listed?.length && found.verdict === 'hash-match') {
    const [first] = found.listed;
    return t('lookupListed', { name, list: first.list, label: first.label });
  }
  /** @type {Record<string, string>} */
  const said = { similar: 'lookupSimilar', variant: 'lookupVariant', 'hash-match': 'lookupByHash' };
  return t(said[found.verdict] ?? 'lookupFound', name);
}

/** @param {{candidate: any, isShown: boolean, onShow: () => void}} properties */
function Candidate({ candidate, isShown, onShow }) {
  return html`<button type="button" class="thumb" aria-pressed=${isShown} onClick=${onShow}>
    <img alt="" src=${thumbnailOf(candidate.thumbnail, 320)} />
    <span class="verdict">${t(`verdict-${candidate.verdict}`)}</span>
    <span>${t('sure', percent(candidate.confidence))}</span>
    <span class="mono">${candidate.uri}</span>
  </button>`;
}

/** What lists of hashes have near the picture's. @param {{listed: any[]}} properties */
function Listed({ listed }) {
  return html`<ul class="listed">
    ${listed.map((one) => html`<li><strong>${one.list}</strong>${one.label ? ` ${one.label}` : ''}
      <span class="muted">${` · ${t('bitsApart', one.distance)} · ${t('sure', percent(one.confidence))}`}</span></li>`)}
  </ul>`;
}

/** @param {{found: any, url: string}} properties */
function Answer({ found, url }) {
  const isOnlyListed = found.verdict === 'hash-match' && found.candidates[0]?.verdict === 'similar';
  const [at, setAt] = useState(isOnlyListed ? -1 : 0); // beside it, what is similar would look like the match
  const candidate = found.candidates[at];
  return html`<h2 class="verdict-line ${isThere(found) ? 'good' : ''}">${isThere(found) && html`<${Icon} name="check" /> `}${verdictText(found)}</h2>
    ${found.listed?.length > 0 && html`<${Listed} listed=${found.listed} />`}
    ${candidate && html`<${Comparison} key=${candidate.id} candidate=${candidate} url=${url} />
      <p class="row"><button type="button" class="primary" onClick=${() => go({ view: '', open: candidate.id })}>${t('openRecord')}</button></p>`}
    ${found.candidates.length > 0 && html`<div class="strip">
      ${found.candidates.map((/** @type {any} */ one, /** @type {number} */ place) => html`<${Candidate} candidate=${one} isShown=${place === at} onShow=${() => setAt(place)} />`)}
    </div>`}
    <p class="muted small-text">${t('verified', found.verified)}${found.unprepared ? ` · ${t('unprepared', found.unprepared)}` : ''}</p>`;
}

export function LookupRoom() {
  const { collection } = question.value;
  const [pictures, setPictures] = useState(/** @type {() => Blob[]} */ (pictureOfSearch));
  const [at, setAt] = useState(0);
  const file = useRef(/** @type {HTMLInputElement | null} */ (null));
  const { list, again } = useLookups(collection, pictures, verdictText);
  /** @param {File[]} files */
  const take = (files) => {
    setAt(0);
    setPictures(files);
  };
  useEffect(() => {
    receiver.take = take;
    return () => { receiver.take = null; };
  }, []);
  const shown = list[at];
  return html`<section class="panel" aria-labelledby="lookup-title">
    <h1 id="lookup-title">${t('lookup')} <span class="muted">${collection}</span></h1>
    <p class="muted">${t('lookupHow')}</p>
    <p class="row">
      <button type="button" class=${pictures.length ? '' : 'primary'} onClick=${() => file.current?.click()}><${Icon} name="picture" /> ${t('choose')}</button>
      <input ref=${file} type="file" multiple accept="image/*" class="hidden" tabindex="-1" aria-hidden="true" data-lookup="yes" onChange=${(/** @type {any} */ event) => {
        if (event.currentTarget.files.length) take([...event.currentTarget.files]);
        event.currentTarget.value = '';
      }} />
    </p>
    ${list.length > 1 && html`<${AskedList} list=${list} at=${at} onShow=${setAt} />`}
    ${shown?.error && html`<${Failure} error=${shown.error} onRetry=${/** @type {any} */ (shown.error).status === 422 ? undefined : again} />`}
    ${shown && !shown.found && !shown.error && html`<p class="muted">${t('looking')}</p>`}
    ${shown?.found && html`<${Answer} key=${shown.url} found=${shown.found} url=${shown.url} />`}
  </section>`;
}
