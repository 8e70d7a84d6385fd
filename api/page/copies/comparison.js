/** Two pictures laid upon each other, so that what differs is seen: a swipe, or blinking. */
import { html, useEffect, useLayoutEffect, useRef, useState } from '../vendor/preact.js';
import { thumbnailOf } from '../grid/tile.js';
import { t } from '../words/words.js';
import { transformTo } from './alignment.js';

const BLINK_MS = 600;

/** @param {{x: number, y: number, w: number, h: number}} region */
const boxOf = ({ x, y, w, h }) => ({
  left: `${x * 100}%`, top: `${y * 100}%`, width: `${w * 100}%`, height: `${h * 100}%`,
});

/** Of what is kept without pictures, or was moved, there is nothing to show. @param {any} event */
const hidden = (event) => event.currentTarget.closest('figure').remove();

/** @param {{candidate: any, url: string}} properties */
export function Comparison({ candidate, url }) {
  const [share, setShare] = useState(50);
  const [isBlinking, setBlinking] = useState(false);
  const [isOn, setOn] = useState(true);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const below = useRef(/** @type {HTMLImageElement | null} */ (null));
  useEffect(() => {
    if (!isBlinking) return undefined;
    const ticking = setInterval(() => setOn((one) => !one), BLINK_MS);
    return () => {
      clearInterval(ticking);
      setOn(true);
    };
  }, [isBlinking]);
  useLayoutEffect(() => {
    if (!below.current) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(below.current);
    return () => observer.disconnect();
  }, [url]);
  const stored = thumbnailOf(candidate.thumbnail, 1280);
  const { width, height } = size;
  const corners = candidate.corners.map((/** @type {[number, number]} */ [x, y]) => [x * width, y * height]);
  const transform = corners.length === 4 && width ? transformTo(width, height, corners) : '';
  const { query_region: region } = candidate;
  const isWhole = !region || (region.w > 0.97 && region.h > 0.97);
  if (corners.length !== 4) {
    return html`<div class="pair">
      <figure><img ref=${below} alt=${t('yours')} src=${url} /><figcaption>${t('yours')}</figcaption></figure>
      <figure><img alt=${t('stored')} src=${stored} onError=${hidden} /><figcaption>${t('stored')}</figcaption></figure>
    </div>`;
  }
  const clip = isBlinking ? (isOn ? 'none' : 'inset(0 100% 0 0)') : `inset(0 0 0 ${share}%)`;
  return html`<div class="comparison">
    <div class="laid">
      <img ref=${below} alt=${t('yours')} src=${url} />
      <span class="over" style=${{ clipPath: clip }}><img alt=${t('stored')} src=${stored} style=${{ transform, width: `${width}px`, height: `${height}px` }} /></span>
      ${!isBlinking && html`<span class="seam" style=${{ left: `${share}%` }}></span>`}
      ${!isWhole && html`<span class="found-region" style=${boxOf(region)}></span>`}
      <span class="corner-label start">${t('yours')}</span><span class="corner-label end">${t('stored')}</span>
    </div>
    <div class="row">
      <input type="range" min="0" max="100" value=${share} aria-label=${t('swipe')} disabled=${isBlinking} onInput=${(/** @type {any} */ event) => setShare(Number(event.currentTarget.value))} />
      <button type="button" aria-pressed=${isBlinking} onClick=${() => setBlinking(!isBlinking)}>${t(isBlinking ? 'stopBlinking' : 'blink')}</button>
    </div>
  </div>`;
}
