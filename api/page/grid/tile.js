/** One hit in the grid: a picture over its average colour, a text as a quotation. */
import { html, useEffect, useRef, useState } from '../vendor/preact.js';
import { isShop, priceField } from '../state/collections.js';
import { question } from '../state/address.js';
import { bytes, date, isDate, number, percent, t } from '../words/words.js';
import { Icon } from '../views/icon.js';
import { Marked } from '../views/marked.js';
import { fileOf, mediumOf } from './medium.js';

/** @typedef {import('../state/results.js').Hit} Hit */

/** How high what stands under each picture is. */
export function footHeight() {
  if (question.value.target === 'text') return 0;
  if (isShop.value) return 66;
  return sortedField() ? 26 : 0;
}

/** The field that hits are sorted by; empty for relevance. */
export function sortedField() {
  const field = question.value.sort.replace(/^-/, '');
  return ['', 'relevance', 'id', 'uri'].includes(field) ? '' : field;
}

/** Whether a hit is shown as a text. @param {Hit} hit */
export function isQuotation(hit) {
  return hit.kind === 'text' && (!hit.thumbnail || question.value.target === 'text');
}

/** Width through height of a hit's tile, within what can be looked at. @param {Hit} hit */
export function ratioOf(hit) {
  if (isQuotation(hit)) return mediumOf(hit) === 'video' ? 16 / 9 : 2.9;
  const { width, height } = hit.picture ?? hit.metadata;
  const ratio = Number(width) / Number(height);
  return ratio > 0 && Number.isFinite(ratio) ? Math.min(Math.max(ratio, 0.45), 3.2) : 1;
}

/** What a hit is called: its title, else what it says, else its file. @param {Hit} hit */
export function nameOf(hit) {
  for (const field of ['title', 'name', 'caption', 'description']) {
    const value = hit.metadata[field];
    if (typeof value === 'string' && value.trim()) return value;
  }
  return hit.part?.text || hit.uri || hit.id;
}

/** @param {string} path @param {number} size */
export function thumbnailOf(path, size) {
  return `${path}${path.includes('?') ? '&' : '?'}size=${size}`;
}

/** A value of a field as people read it. @param {string} field @param {unknown} value @returns {string} */
export function shownValue(field, value) {
  if (field === 'bytes' && typeof value === 'number') return bytes(value);
  if (typeof value === 'number') return number(value);
  if (Array.isArray(value)) return value.join(', ');
  return isDate(value) ? date(String(value)) : String(value ?? '–');
}

/** @param {unknown} cost */
function shownPrice(cost) {
  if (typeof cost !== 'number') return cost === undefined || cost === null ? '' : String(cost);
  return number(cost, { minimumFractionDigits: Number.isInteger(cost) ? 0 : 2, maximumFractionDigits: 2 });
}

/** @param {{path: string, name: string, width: number, isFirst: boolean}} properties */
function Thumbnail({ path, name, width, isFirst }) {
  const [isGone, setGone] = useState(false);
  const image = useRef(/** @type {HTMLImageElement | null} */ (null));
  useEffect(() => {
    const { current } = image;
    return () => current?.removeAttribute('src'); // what left the window is not waited for
  }, []);
  if (isGone) return html`<span class="no-picture"><${Icon} name="picture" /> ${name}</span>`;
  return html`<img
    ref=${image}
    alt=""
    decoding="async"
    draggable=${false}
    fetchpriority=${isFirst ? 'high' : 'auto'}
    srcset="${thumbnailOf(path, 320)} 320w, ${thumbnailOf(path, 640)} 640w"
    sizes="${Math.ceil(width)}px"
    src=${thumbnailOf(path, 320)}
    onLoad=${(/** @type {any} */ event) => event.currentTarget.classList.add('here')}
    onError=${(/** @type {any} */ event) => event.currentTarget.getAttribute('src') && setGone(true)}
  />`;
}

/** @param {{hit: Hit}} properties */
function Foot({ hit }) {
  const sorted = sortedField();
  const price = priceField.value;
  if (isShop.value) {
    const cost = price ? hit.metadata[price] : null;
    return html`<span class="foot product">
      <span class="title">${nameOf(hit)}</span>
      <span class="line">
        ${sorted && sorted !== price && html`<span class="muted">${shownValue(sorted, hit.metadata[sorted])}</span>`}
        <span class="price">${shownPrice(cost)}</span>
      </span>
    </span>`;
  }
  return sorted && html`<span class="foot muted">${shownValue(sorted, hit.metadata[sorted])}</span>`;
}

/**
 * @param {{hit: Hit, index: number, count: number, place: {x: number, y: number, w: number, h: number},
 *   isChosen: boolean, isFocused: boolean, isFirst: boolean, isBelow: boolean}} properties
 */
export function Tile({ hit, index, count, place, isChosen, isFocused, isFirst, isBelow }) {
  const name = nameOf(hit);
  const medium = mediumOf(hit);
  const how = hit.relevance === null ? '' : t('relevance', percent(hit.relevance));
  const foot = footHeight();
  const words = hit.contributions?.flatMap((one) => one.words) ?? [];
  const isText = isQuotation(hit) || !hit.thumbnail; // which is read on the colour of texts
  const picture = { height: `${place.h}px`, backgroundColor: (!isText && hit.picture?.colour) || undefined };
  return html`<div
    id="hit-${index}"
    role="option"
    class="tile ${isChosen ? 'chosen' : ''} ${isBelow ? 'below' : ''}"
    style=${{ left: `${place.x}px`, top: `${place.y}px`, width: `${place.w}px`, height: `${place.h + foot}px` }}
    aria-selected=${isChosen}
    aria-posinset=${index + 1}
    aria-setsize=${count}
    aria-label=${[name, medium && t(medium), how, question.value.group && (hit.group_size ?? 1) > 1 ? t('ofGroup', hit.group_size) : ''].filter(Boolean).join(', ')}
    title=${name}
    data-index=${index}
    tabindex=${isFocused ? 0 : -1}
  >
    <span class="picture" style=${picture}>
      ${isText
        ? html`${medium && html`<span class="medium"><${Icon} name=${medium} /> ${fileOf(hit.uri)}</span>`}<q class="quotation"><${Marked} text=${hit.part?.text ?? name} words=${words} /></q>`
        : html`<${Thumbnail} key=${hit.thumbnail} path=${hit.thumbnail} name=${name} width=${place.w} isFirst=${isFirst} />${medium && html`<span class="medium over"><${Icon} name=${medium} /></span>`}`}
      ${question.value.group && (hit.group_size ?? 1) > 1 && html`<span class="group-size" aria-hidden="true">${number(hit.group_size ?? 1)}</span>`}
      <span class="tick" aria-hidden="true" data-tick="yes"></span>
      ${hit.relevance !== null && html`<span class="number" aria-hidden="true">${percent(hit.relevance)}</span>
        <span class="bar" aria-hidden="true"><span style=${{ width: `${Math.round(hit.relevance * 100)}%` }}></span></span>`}
    </span>
    ${foot > 0 && html`<${Foot} hit=${hit} />`}
  </div>`;
}
