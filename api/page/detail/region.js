/** Choosing a part of a picture: by dragging, or by keys (arrows move, Shift and arrows size). */
import { html, useEffect, useRef, useState } from '../vendor/preact.js';
import { t } from '../words/words.js';

const STEP = 0.02;
const LEAST = 0.05;

/** @param {number} value @param {number} low @param {number} high */
const within = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * Move a box by a key.
 * @param {{x: number, y: number, w: number, h: number}} box
 * @param {string} key
 * @param {boolean} sizes
 */
export function movedBox(box, key, sizes) {
  const dx = { ArrowLeft: -STEP, ArrowRight: STEP }[key] ?? 0;
  const dy = { ArrowUp: -STEP, ArrowDown: STEP }[key] ?? 0;
  if (sizes) {
    return { ...box, w: within(box.w + dx, LEAST, 1 - box.x), h: within(box.h + dy, LEAST, 1 - box.y) };
  }
  return { ...box, x: within(box.x + dx, 0, 1 - box.w), y: within(box.y + dy, 0, 1 - box.h) };
}

/** @param {{x: number, y: number, w: number, h: number}} box */
export function partOf({ x, y, w, h }) {
  return [x, y, w, h].map((one) => Number(one.toFixed(3))).join(',');
}

/** @param {{onChosen: (part: string) => void, onCancel: () => void}} properties */
export function RegionChoice({ onChosen, onCancel }) {
  const [box, setBox] = useState({ x: 0.25, y: 0.25, w: 0.5, h: 0.5 });
  const surface = useRef(/** @type {HTMLElement | null} */ (null));
  const drawn = useRef(/** @type {HTMLElement | null} */ (null));
  const start = useRef(/** @type {{x: number, y: number} | null} */ (null));
  useEffect(() => drawn.current?.focus(), []);
  /** @param {PointerEvent} event */
  const placeOf = (event) => {
    const area = /** @type {HTMLElement} */ (surface.current).getBoundingClientRect();
    return {
      x: within((event.clientX - area.left) / area.width, 0, 1),
      y: within((event.clientY - area.top) / area.height, 0, 1),
    };
  };
  /** @param {PointerEvent} event */
  const onDown = (event) => {
    if (/** @type {HTMLElement} */ (event.target).closest('button')) return;
    surface.current?.setPointerCapture(event.pointerId);
    start.current = placeOf(event);
    event.preventDefault();
  };
  /** @param {PointerEvent} event */
  const onMove = (event) => {
    const from = start.current;
    if (!from) return;
    const to = placeOf(event);
    setBox({
      x: Math.min(from.x, to.x), y: Math.min(from.y, to.y),
      w: Math.abs(from.x - to.x), h: Math.abs(from.y - to.y),
    });
  };
  const onUp = () => {
    start.current = null;
    setBox((one) => {
      const w = Math.max(one.w, LEAST);
      const h = Math.max(one.h, LEAST);
      return { x: Math.min(one.x, 1 - w), y: Math.min(one.y, 1 - h), w, h };
    });
    drawn.current?.focus();
  };
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.key === 'Enter') onChosen(partOf(box));
    else if (event.key === 'Escape') onCancel();
    else if (event.key.startsWith('Arrow')) setBox(movedBox(box, event.key, event.shiftKey));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const style = {
    left: `${box.x * 100}%`, top: `${box.y * 100}%`, width: `${box.w * 100}%`, height: `${box.h * 100}%`,
  };
  return html`<span ref=${surface} class="region-surface" onPointerDown=${onDown} onPointerMove=${onMove} onPointerUp=${onUp} onPointerCancel=${onUp}>
    <span ref=${drawn} class="region" role="group" tabindex="0" aria-label=${t('regionHow')} style=${style} onKeyDown=${onKey}>
      <button type="button" class="primary" onClick=${() => onChosen(partOf(box))}>${t('search')}</button>
    </span>
  </span>`;
}
