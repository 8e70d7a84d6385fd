/** When nothing fits: a sentence in the user's words, and only actions that are known to help. */
import { html, useEffect, useState } from '../vendor/preact.js';
import { ask, collectionPath } from '../state/api.js';
import { go, question, searchOf } from '../state/address.js';
import { current } from '../state/collections.js';
import { bodyOf, looksFor } from '../state/query.js';
import { piecesOfWords, without } from '../state/reading.js';
import { answer, hits, loadMore, nearestAnyway } from '../state/results.js';
import { number, t } from '../words/words.js';
import { boundOfPiece, choiceTexts } from './reading.js';

/**
 * @typedef {{text: string, changes: Partial<import('../state/address.js').Question>, count: number}} Lift
 */

/** Changes that may help: each filter, each thing kept away from, lifted alone, then all filters. */
function candidates() {
  const asked = question.value;
  /** @type {{text: string, changes: Partial<import('../state/address.js').Question>}[]} */
  const found = [];
  const names = Object.keys(asked.choices);
  for (const name of names) {
    const { [name]: lifted, ...choices } = asked.choices;
    const what = choiceTexts(name, lifted).map((one) => one.label).join(', ');
    found.push({ text: t('without', what), changes: { choices } });
  }
  if (names.length > 1) found.push({ text: t('withoutFilters'), changes: { choices: {} } });
  asked.terms.forEach((term, at) => {
    const terms = asked.terms.filter((_, place) => place !== at);
    if (term.weight < 0) {
      found.push({ text: t('withoutNot', term.value), changes: { terms } });
    } else if (asked.words || terms.length) {
      const what = term.kind === 'words' ? term.value : t(term.kind === 'picture' ? 'yourPicture' : 'likeOne');
      found.push({ text: t('without', what), changes: { terms } });
    }
  });
  for (const piece of piecesOfWords()) {
    if (piece.kind === 'not') found.push({ text: t('withoutNot', piece.text), changes: without(piece) });
    else if (piece.kind === 'bound') found.push({ text: t('without', boundOfPiece(piece)), changes: without(piece) });
    else if (piece.kind === 'demand') found.push({ text: t('makeOptional', piece.text), changes: without(piece) });
  }
  const words = asked.words.trim().split(/\s+/);
  const isBounded = piecesOfWords().some((one) => one.kind === 'bound'); // its words alone mean nothing
  if (words.length > 1 && words.length <= 6 && !isBounded) {
    words.forEach((word, at) => {
      const rest = words.filter((_, place) => place !== at).join(' ');
      found.push({ text: t('onlyWords', rest, word), changes: { words: rest } });
    });
  }
  return found.slice(0, 12);
}

/** Count what each would find; keep those that truly find something. @returns {Promise<Lift[]>} */
async function lifts() {
  const asked = question.value;
  const list = candidates();
  if (!list.length) return [];
  const bodies = await Promise.all(list.map(({ changes }) => bodyOf({ ...asked, ...changes })));
  const searches = bodies.map((one, at) => ({
    ...one, limit: 1, ...(looksFor({ ...asked, ...list[at].changes }) ? { min_relevance: 'auto' } : {}),
  }));
  const { answers } = await ask('POST', collectionPath(asked.collection, '/search/batch'), { searches });
  return list
    .map((one, at) => ({ ...one, count: answers[at].no_match || !answers[at].hits?.length ? 0 : answers[at].relevant ?? 0 }))
    .filter((one) => one.count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, 3);
}

function sentence() {
  const { words, terms, choices } = question.value;
  const isFiltered = Object.keys(choices).length > 0;
  const wanted = terms.filter((one) => one.weight > 0);
  const others = wanted.map((one) => (one.kind === 'words' ? one.value : t(one.kind === 'picture' ? 'yourPicture' : 'likeOne')));
  const what = words || wanted.some((one) => one.kind === 'words') ? [words, ...others].filter(Boolean).join(' + ') : '';
  if (what) return html`${t('nothingLike')} <em>${what}</em>${isFiltered ? ` ${t('withTheseFilters')}` : ''}${t('fullStop')}`;
  return isFiltered && !terms.length ? t('nothingPasses') : t('nothingLikeThat');
}

export function NothingFits() {
  const [list, setList] = useState(/** @type {Lift[]} */ ([]));
  const search = searchOf(question.value);
  useEffect(() => {
    let isStale = false;
    setList([]);
    lifts().then((found) => { if (!isStale) setList(found); }, () => {});
    return () => { isStale = true; };
  }, [search]);
  return html`<div class="empty">
    <h2>${sentence()}</h2>
    <p class="row">
      ${list.map((one) => html`<button type="button" onClick=${() => go(one.changes)}>${one.text} <span class="muted">${number(one.count)}</span></button>`)}
      ${(answer.value?.no_match || !hits.value.length) && looksFor(question.value) && !nearestAnyway.value && html`<button type="button" onClick=${() => { nearestAnyway.value = true; loadMore(); }}>${t('nearestAnyway')}</button>`}
    </p>
  </div>`;
}

/** No collection at all: how to make one. */
export function NoCollection() {
  return html`<div class="empty">
    <h1>${t('noCollections')}</h1>
    <p>${t('noCollectionsHow')}</p>
    <p class="row"><button type="button" class="primary" onClick=${() => go({ view: 'collections' })}>${t('makeCollection')}</button></p>
    <p class="muted">${t('orCommand')}</p>
    <pre class="mono">binocle index ~/Pictures -c photos</pre>
  </div>`;
}

export function EmptyCollection() {
  const name = current.value?.name ?? '';
  return html`<div class="empty">
    <h1>${t('collectionIsEmpty', name)}</h1>
    <p class="row"><button type="button" class="primary" onClick=${() => go({ view: 'collections' })}>${t('addPictures')}</button></p>
    <p class="muted">${t('orCommand')}</p>
    <pre class="mono">binocle index ~/Pictures -c ${name}</pre>
  </div>`;
}
