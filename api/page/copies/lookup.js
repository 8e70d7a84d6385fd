/** Is this picture, or what it was made from, in the collection? */
import { html, useEffect, useRef, useState } from '../vendor/preact.js';
import { ask, collectionPath } from '../state/api.js';
import { announce } from '../state/announce.js';
import { go, question } from '../state/address.js';
import { previews } from '../state/previews.js';
import { thumbnailOf } from '../grid/tile.js';
import { percent, t } from '../words/words.js';
import { receiver } from '../views/drop.js';
import { Icon } from '../views/icon.js';
import { Failure } from '../views/notice.js';
import { Comparison } from './comparison.js';

/** The picture being searched with, which is what people want to look up next. */
function pictureOfSearch() {
  const term = question.value.terms.find((one) => one.kind === 'picture');
  return term ? previews.of(term.value)?.picture ?? null : null;
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
  const isThere = !['none', 'similar', 'variant', 'hash-match'].includes(found.verdict);
  return html`<h2 class="verdict-line ${isThere ? 'good' : ''}">${isThere && html`<${Icon} name="check" /> `}${verdictText(found)}</h2>
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
  const [picture, setPicture] = useState(/** @type {() => Blob | null} */ (pictureOfSearch));
  const [url, setUrl] = useState('');
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const file = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => {
    receiver.take = (files) => setPicture(files[0]);
    return () => { receiver.take = null; };
  }, []);
  const look = async () => {
    if (!picture) return;
    setError(null);
    setFound(null);
    try {
      const form = new FormData();
      form.append('image', picture, 'picture');
      const answer = await ask('POST', collectionPath(collection, '/lookup'), form);
      setFound(answer);
      announce(verdictText(answer));
    } catch (problem) {
      setError(problem);
    }
  };
  useEffect(() => {
    if (!picture) return undefined;
    const made = URL.createObjectURL(picture);
    setUrl(made);
    look();
    return () => URL.revokeObjectURL(made);
  }, [picture, collection]);
  return html`<section class="panel" aria-labelledby="lookup-title">
    <h1 id="lookup-title">${t('lookup')} <span class="muted">${collection}</span></h1>
    <p class="muted">${t('lookupHow')}</p>
    <p class="row">
      <button type="button" class=${picture ? '' : 'primary'} onClick=${() => file.current?.click()}><${Icon} name="picture" /> ${t('choose')}</button>
      <input ref=${file} type="file" accept="image/*" class="hidden" tabindex="-1" aria-hidden="true" data-lookup="yes" onChange=${(/** @type {any} */ event) => {
        if (event.currentTarget.files[0]) setPicture(event.currentTarget.files[0]);
        event.currentTarget.value = '';
      }} />
    </p>
    ${error && html`<${Failure} error=${error} onRetry=${look} />`}
    ${picture && !found && !error && html`<p class="muted">${t('looking')}</p>`}
    ${found && url && html`<${Answer} key=${url} found=${found} url=${url} />`}
  </section>`;
}
