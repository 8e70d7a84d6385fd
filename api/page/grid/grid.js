/** The grid: only the tiles in the window are in the page. One tab stop; arrows move inside. */
import { html, useEffect, useLayoutEffect, useRef, useState } from '../vendor/preact.js';
import { answer, exhausted, hits, line, loadMore, shownCount, unfolded } from '../state/results.js';
import { clearSelection, extendTo, selection, toggle } from '../state/selection.js';
import { question } from '../state/address.js';
import { SIZES, tileSize } from '../state/look.js';
import { act } from '../views/actions.js';
import { t } from '../words/words.js';
import { focused, wanted } from './focus.js';
import { layOut, tileAt, tilesBetween } from './layout.js';
import { footHeight, ratioOf, Tile } from './tile.js';

const GAP = 4;
const MARGIN = 600;

/** @param {number} width */
function targetHeight(width) {
  if (question.value.target === 'text') return 116;
  const usual = width < 600 ? 140 : width > 1800 ? 260 : 200;
  return Math.round(usual * SIZES[tileSize.value]);
}

/** Follow how far the page is scrolled and how wide the grid is. */
function useWindow(/** @type {{current: HTMLElement | null}} */ host) {
  const [view, setView] = useState({ width: 0, top: 0, bottom: 2000 });
  useLayoutEffect(() => {
    let isAsked = false;
    const look = () => {
      isAsked = false;
      if (!host.current) return;
      const box = host.current.getBoundingClientRect();
      setView({ width: Math.floor(box.width), top: -box.top, bottom: innerHeight - box.top });
    };
    const soon = () => {
      if (!isAsked) requestAnimationFrame(look);
      isAsked = true;
    };
    const observer = new ResizeObserver(soon);
    if (host.current) observer.observe(host.current);
    addEventListener('scroll', soon, { passive: true });
    addEventListener('resize', soon);
    look();
    return () => {
      observer.disconnect();
      removeEventListener('scroll', soon);
      removeEventListener('resize', soon);
    };
  }, []);
  return view;
}

/** Lay out again only when something that matters has changed. */
function useLayout(/** @type {number} */ width) {
  const kept = useRef(/** @type {any} */ (null));
  const count = shownCount();
  const shownLine = line.value >= 0 && !answer.value?.no_match ? line.value : -1;
  const foot = footHeight();
  const list = hits.value;
  const target = targetHeight(width);
  const old = kept.current;
  if (!old || old.list !== list || old.count !== count || old.width !== width
    || old.foot !== foot || old.line !== shownLine || old.target !== target) {
    const ratios = new Float32Array(count);
    for (let at = 0; at < count; at += 1) ratios[at] = ratioOf(list[at]);
    const room = { width: Math.max(width, 100), target, gap: GAP, foot, line: shownLine };
    kept.current = { list, count, width, foot, target, line: shownLine, layout: layOut(ratios, room) };
  }
  return kept.current;
}

/** @param {any} event */
const indexOf = (event) => {
  const tile = event.target.closest?.('[data-index]');
  return tile ? Number(tile.dataset.index) : -1;
};

/** @param {any} event */
function onClick(event) {
  const index = indexOf(event);
  if (index < 0) return;
  focused.value = index;
  if (event.shiftKey) extendTo(index);
  else if (event.ctrlKey || event.metaKey || event.target.dataset.tick) toggle(index);
  else act.open(index);
}

/** @param {any} event @param {import('./layout.js').Layout} layout */
function onKey(event, layout) {
  if (indexOf(event) < 0 || event.altKey) return;
  const index = focused.value; // ahead of the browser's own focus where keys come fast
  const moves = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'PageUp', 'PageDown'];
  const isAll = event.ctrlKey || event.metaKey;
  if (moves.includes(event.key)) {
    const to = tileAt(layout, index, event.key, isAll, innerHeight * 0.8);
    if (event.shiftKey) extendTo(to);
    focused.value = to;
    wanted.value = to;
  } else if (isAll) return;
  else if (event.key === 'Enter') act.open(index);
  else if (event.key === ' ' || event.key === 'x') toggle(index);
  else if (event.key === 'm') act.like(hits.value[index].id, 1);
  else if (event.key === 'n') act.like(hits.value[index].id, -1);
  else if (event.key === 'r') act.open(index, true);
  else if (event.key === 'Escape' && selection.value.size) clearSelection();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Bring a tile into the window and give it the focus. */
function useFocus(
  /** @type {{current: HTMLElement | null}} */ host,
  /** @type {import('./layout.js').Layout} */ layout,
) {
  useEffect(() => {
    const index = wanted.value;
    if (index < 0 || index >= layout.x.length || !host.current) return;
    wanted.value = -1;
    focused.value = index;
    const top = host.current.getBoundingClientRect().top + layout.y[index];
    const header = 72;
    if (top < header) scrollBy(0, top - header);
    else if (top + layout.h[index] > innerHeight - 60) {
      scrollBy(0, top + layout.h[index] - innerHeight + 80);
    }
    requestAnimationFrame(() => {
      /** @type {HTMLElement | null} */ (document.getElementById(`hit-${index}`))?.focus({ preventScroll: true });
    });
  }, [wanted.value, layout]);
}

/**
 * Keep the tile that is looked at where it is when tiles become larger or the window wider: the one
 * with the focus where it is in sight, else the first whose top is.
 * @param {{current: HTMLElement | null}} host
 * @param {{layout: import('./layout.js').Layout, list: any[]}} laid
 * @param {{top: number, bottom: number}} view
 */
function usePlace(host, { layout, list }, view) {
  const before = useRef(/** @type {any} */ (null));
  useLayoutEffect(() => {
    const old = before.current;
    if (host.current && old && old.layout !== layout && old.list === list && layout.x.length === old.layout.x.length) {
      const at = tileInSight(old.layout, old.view);
      const place = host.current.getBoundingClientRect().top + scrollY;
      if (at >= 0) scrollTo(0, place + layout.y[at] - (old.layout.y[at] - old.view.top));
    }
    before.current = { layout, list, view };
  }, [layout, list, view]);
}

/** @param {import('./layout.js').Layout} layout @param {{top: number, bottom: number}} view */
function tileInSight(layout, view) {
  if (view.top <= 0) return -1; // what is above the grid is in sight
  const isInSight = (/** @type {number} */ at) => layout.y[at] >= view.top && layout.y[at] < view.bottom;
  if (isInSight(focused.value)) return focused.value;
  const [first, end] = tilesBetween(layout, view.top, view.bottom);
  for (let at = first; at < end; at += 1) if (isInSight(at)) return at;
  return first < end ? first : -1;
}

/** The line below which hits are less likely. @param {{top: number}} properties */
function LessLikely({ top }) {
  return html`<div class="less-likely" style=${{ top: `${top}px` }} role="presentation">
    <span>${t('lessLikely')}</span>
    <button type="button" class="quiet" onClick=${() => { unfolded.value = !unfolded.value; }}>
      ${unfolded.value ? t('fold') : t('unfold')}
    </button>
  </div>`;
}

export function Grid() {
  const host = useRef(/** @type {HTMLDivElement | null} */ (null));
  const view = useWindow(host);
  const laid = useLayout(view.width);
  const { layout, count, list, line: shownLine } = laid;
  usePlace(host, laid, view);
  useFocus(host, layout);
  const [first, end] = tilesBetween(layout, view.top - MARGIN, view.bottom + MARGIN);
  const isNearEnd = view.bottom + 2 * MARGIN > layout.height;
  useEffect(() => {
    if (isNearEnd && unfolded.value && !exhausted.value) loadMore();
  }, [isNearEnd, list, unfolded.value]);
  const tabStop = Math.min(focused.value, count - 1);
  const indices = Array.from({ length: end - first }, (_, at) => first + at);
  if (tabStop >= 0 && (tabStop < first || tabStop >= end)) indices.push(tabStop);
  return html`<div ref=${host} class="grid-place">
    <div
      class="grid"
      role="listbox"
      aria-multiselectable="true"
      aria-label=${t('results')}
      style=${{ height: `${layout.height}px` }}
      onClick=${onClick}
      onKeyDown=${(/** @type {any} */ event) => onKey(event, layout)}
      onFocusIn=${(/** @type {any} */ event) => {
        const index = indexOf(event);
        if (index >= 0) focused.value = index;
      }}
    >
      ${view.width > 0 && indices.map((at) => html`<${Tile}
        key=${list[at].id}
        hit=${list[at]}
        index=${at}
        count=${count}
        place=${{ x: layout.x[at], y: layout.y[at], w: layout.w[at], h: layout.h[at] }}
        isChosen=${selection.value.has(list[at].id)}
        isFocused=${at === tabStop}
        isFirst=${at < 6}
        isBelow=${shownLine >= 0 && at >= shownLine}
      />`)}
    </div>
    ${layout.lineY >= 0 && view.width > 0 && html`<${LessLikely} top=${layout.lineY} />`}
  </div>`;
}
