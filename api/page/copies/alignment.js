/** Laying one picture upon another: the projective map between two quadrilaterals, as CSS takes it. */

/**
 * Solve a small system of linear equations.
 * @param {number[][]} rows each with its right side at the end
 * @returns {number[] | null}
 */
function solved(rows) {
  const size = rows.length;
  const matrix = rows.map((one) => [...one]);
  for (let at = 0; at < size; at += 1) {
    let pivot = at;
    for (let row = at + 1; row < size; row += 1) {
      if (Math.abs(matrix[row][at]) > Math.abs(matrix[pivot][at])) pivot = row;
    }
    if (Math.abs(matrix[pivot][at]) < 1e-12) return null;
    [matrix[at], matrix[pivot]] = [matrix[pivot], matrix[at]];
    for (let row = 0; row < size; row += 1) {
      if (row === at) continue;
      const factor = matrix[row][at] / matrix[at][at];
      for (let column = at; column <= size; column += 1) matrix[row][column] -= factor * matrix[at][column];
    }
  }
  return matrix.map((row, at) => row[size] / row[at]);
}

/**
 * Return the CSS transform that carries a box's corners to others, clockwise from the left top.
 * @param {number} width of the box
 * @param {number} height
 * @param {[number, number][]} corners where they go, in the same units
 * @returns {string} empty where there is none
 */
export function transformTo(width, height, corners) {
  const from = [[0, 0], [width, 0], [width, height], [0, height]];
  const rows = from.flatMap(([x, y], at) => {
    const [u, v] = corners[at];
    return [
      [x, y, 1, 0, 0, 0, -u * x, -u * y, u],
      [0, 0, 0, x, y, 1, -v * x, -v * y, v],
    ];
  });
  const found = solved(rows);
  if (!found) return '';
  const [a, b, c, d, e, f, g, h] = found;
  return `matrix3d(${[a, d, 0, g, b, e, 0, h, 0, 0, 1, 0, c, f, 0, 1].join(',')})`;
}
