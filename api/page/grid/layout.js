/**
 * A justified layout: rows of equal width, pictures in their own shapes.
 *
 * @typedef {object} Layout
 * @property {Float32Array} x
 * @property {Float32Array} y
 * @property {Float32Array} w
 * @property {Float32Array} h without the foot
 * @property {number} height of everything
 * @property {number} lineY where the line goes; -1 without one
 * @property {Int32Array} rowFirst first tile of each row
 * @property {Float32Array} rowTop
 * @property {number} rows
 */

/** Room for the line and its words. */
export const LINE_HEIGHT = 56;

/**
 * @param {ArrayLike<number>} ratios width through height of each
 * @param {{width: number, target: number, gap: number, foot: number, line: number}} room
 *   `foot`: what stands under each picture; `line`: place of the line, -1 without one
 * @returns {Layout}
 */
export function layOut(ratios, { width, target, gap, foot, line }) {
  const count = ratios.length;
  const x = new Float32Array(count);
  const y = new Float32Array(count);
  const w = new Float32Array(count);
  const h = new Float32Array(count);
  const rowFirst = new Int32Array(count);
  const rowTop = new Float32Array(count);
  let top = 0;
  let rows = 0;
  let lineY = -1;
  let first = 0;
  let sum = 0;

  /** @param {number} end @param {number} height */
  const closeRow = (end, height) => {
    let left = 0;
    for (let at = first; at < end; at += 1) {
      x[at] = left;
      y[at] = top;
      h[at] = height;
      w[at] = Math.min(ratios[at] * height, width);
      left += w[at] + gap;
    }
    rowFirst[rows] = first;
    rowTop[rows] = top;
    rows += 1;
    top += height + foot + gap;
    first = end;
    sum = 0;
  };

  for (let at = 0; at < count; at += 1) {
    if (at === line) {
      if (first < at) closeRow(at, target);
      lineY = top;
      top += LINE_HEIGHT;
    }
    const gaps = gap * (at - first);
    const roomOfRow = width - gaps;
    if (at > first && (sum + ratios[at]) * target > roomOfRow) {
      const tallest = (width - gap * (at - 1 - first)) / sum;
      const flattest = roomOfRow / (sum + ratios[at]);
      if (tallest / target < target / flattest) closeRow(at, tallest);
    }
    sum += ratios[at];
    if (sum * target >= width - gap * (at - first)) {
      closeRow(at + 1, (width - gap * (at - first)) / sum);
    }
  }
  if (first < count) closeRow(count, target);
  if (line === count && line >= 0) {
    lineY = top;
    top += LINE_HEIGHT;
  }
  return {
    x, y, w, h, height: top, lineY, rows,
    rowFirst: rowFirst.subarray(0, rows),
    rowTop: rowTop.subarray(0, rows),
  };
}

/**
 * Return the row at a height, the last that begins above it.
 * @param {Layout} layout
 * @param {number} height
 */
export function rowAt(layout, height) {
  let low = 0;
  let high = layout.rows - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (layout.rowTop[middle] <= height) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * Return the tiles between two heights: the first, and the one after the last.
 * @param {Layout} layout
 * @param {number} top
 * @param {number} bottom
 * @returns {[number, number]}
 */
export function tilesBetween(layout, top, bottom) {
  if (!layout.rows) return [0, 0];
  const first = rowAt(layout, top);
  const last = rowAt(layout, bottom);
  const end = last + 1 < layout.rows ? layout.rowFirst[last + 1] : layout.x.length;
  return [layout.rowFirst[first], end];
}

/**
 * Return the tile a key leads to.
 * @param {Layout} layout
 * @param {number} from
 * @param {string} key
 * @param {boolean} isAll whether Home and End mean the whole grid
 * @param {number} pageHeight
 */
export function tileAt(layout, from, key, isAll, pageHeight) {
  const last = layout.x.length - 1;
  const row = rowAt(layout, layout.y[from]);
  const endOf = (/** @type {number} */ one) =>
    (one + 1 < layout.rows ? layout.rowFirst[one + 1] : last + 1) - 1;
  if (key === 'ArrowRight') return Math.min(from + 1, last);
  if (key === 'ArrowLeft') return Math.max(from - 1, 0);
  if (key === 'Home') return isAll ? 0 : layout.rowFirst[row];
  if (key === 'End') return isAll ? last : endOf(row);
  let to = row;
  if (key === 'ArrowUp') to = row - 1;
  else if (key === 'ArrowDown') to = row + 1;
  else if (key === 'PageUp') to = Math.min(row - 1, rowAt(layout, layout.y[from] - pageHeight));
  else if (key === 'PageDown') to = Math.max(row + 1, rowAt(layout, layout.y[from] + pageHeight));
  if (to < 0) return from;
  to = Math.min(to, layout.rows - 1);
  const middle = layout.x[from] + layout.w[from] / 2;
  let best = layout.rowFirst[to];
  for (let at = best; at <= endOf(to); at += 1) {
    if (Math.abs(layout.x[at] + layout.w[at] / 2 - middle)
      < Math.abs(layout.x[best] + layout.w[best] / 2 - middle)) best = at;
  }
  return best;
}
