// Lays rectangles out so that they are as square as possible.
//
// Bruls, Huizing, van Wijk, "Squarified Treemaps" (2000): values, largest first, are put into rows along the shorter side
// of what is left; a row grows as long as that makes its worst rectangle squarer.

// Returns one `{ x, y, w, h }` for each of `values`, which are not negative; those of 0 have no area. The rectangles
// tile the whole of `box`.
function squarify(values, box) {
  const total = values.reduce((sum, value) => sum + value, 0);
  const placed = values.map(() => ({ x: box.x, y: box.y, w: 0, h: 0 }));
  if (total <= 0 || box.w <= 0 || box.h <= 0) return placed;
  const scale = (box.w * box.h) / total;
  const order = values.map((_, i) => i).filter((i) => values[i] > 0).sort((a, b) => values[b] - values[a] || a - b);
  let free = { ...box };
  let from = 0;
  while (from < order.length) {
    const side = Math.min(free.w, free.h);
    let to = from + 1;
    let area = values[order[from]] * scale;
    let worst = worstRatio(area, area, area, side);
    while (to < order.length) {
      const next = values[order[to]] * scale;
      const ratio = worstRatio(area + next, values[order[from]] * scale, next, side);
      if (ratio > worst) break;
      worst = ratio;
      area += next;
      to += 1;
    }
    // The last row takes what is left, so that rounding leaves no gap.
    const row = order.slice(from, to);
    free = placeRow(row, values, placed, free, to === order.length ? null : area);
    from = to;
  }
  return placed;
}

function worstRatio(area, largest, smallest, side) {
  const square = side * side;
  const sum = area * area;
  return Math.max((square * largest) / sum, sum / (square * smallest));
}

// Puts a row along the shorter side and returns what is free beside it.
function placeRow(row, values, placed, free, area) {
  const upright = free.w >= free.h;
  const side = upright ? free.h : free.w;
  const depth = area == null ? (upright ? free.w : free.h) : area / side;
  const sum = row.reduce((total, i) => total + values[i], 0);
  let at = 0;
  for (const i of row) {
    const length = (values[i] / sum) * side;
    placed[i] = upright
      ? { x: free.x, y: free.y + at, w: depth, h: length }
      : { x: free.x + at, y: free.y, w: length, h: depth };
    at += length;
  }
  return upright
    ? { x: free.x + depth, y: free.y, w: free.w - depth, h: free.h }
    : { x: free.x, y: free.y + depth, w: free.w, h: free.h - depth };
}
