// A line that people cross, in metres on the ground: which side is "in", and the arrow that says so.

/** Length of the arrow, as a share of the line's, and at least and at most, metres. */
const ARROW_SHARE = 0.3;
const ARROW_LEAST_M = 1;
const ARROW_MOST_M = 6;
/** Room between the arrow's ends and their words, as a share of it. */
const WORD_SHARE = 0.35;
/** How far to either side of a line's middle its zone is looked for, metres: as the check of site files does. */
const BESIDE_M = 0.5;
/** Half the angle of an arrow's tip, radians. */
const TIP_RAD = 0.5;

const along = ([x, y], [dx, dy], by) => [x + by * dx, y + by * dy];

/** An arrow as two strokes: its shaft, and its tip. */
export function arrow(from, to) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const wing = (turn) => along(to, [dx * Math.cos(turn) - dy * Math.sin(turn), dx * Math.sin(turn) + dy * Math.cos(turn)], -0.35);
  return [[from, to], [wing(TIP_RAD), to, wing(-TIP_RAD)]];
}

/** Its length, its middle, and the unit vector to the left there; null of what has no length. */
function middle(points) {
  const parts = points.slice(1).map((to, index) => ({ from: points[index], to, m: Math.hypot(to[0] - points[index][0], to[1] - points[index][1]) }));
  const length_m = parts.reduce((sum, part) => sum + part.m, 0);
  let left_m = length_m / 2;
  for (const { from, to, m } of parts) {
    if (m > 0 && left_m <= m) {
      const [dx, dy] = [(to[0] - from[0]) / m, (to[1] - from[1]) / m];
      return { length_m, at: along(from, [dx, dy], left_m), left: [-dy, dx] };
    }
    left_m -= m;
  }
  return null;
}

/** The side on which an area lies; null: on both, or on none. */
export function sideOf(points, outline) {
  const mid = middle(points);
  if (!mid) return null;
  const [left, right] = [BESIDE_M, -BESIDE_M].map((by) => contains(outline, along(mid.at, mid.left, by)));
  return left === right ? null : left ? "left" : "right";
}

function contains(outline, [x, y]) {
  let is_inside = false;
  outline.forEach(([x1, y1], index) => {
    const [x2, y2] = outline[(index + 1) % outline.length];
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) is_inside = !is_inside;
  });
  return is_inside;
}

/** The arrow across a line as strokes, and where "in" and "out" are written; null where the side is not known. */
export function crossing(points, inside) {
  const mid = inside ? middle(points) : null;
  if (!mid) return null;
  const size = Math.min(ARROW_MOST_M, Math.max(ARROW_LEAST_M, mid.length_m * ARROW_SHARE)) * (inside === "left" ? 1 : -1);
  const place = (by) => along(mid.at, mid.left, by * size);
  return { strokes: arrow(place(-1), place(1)), out: place(-1 - WORD_SHARE), in: place(1 + WORD_SHARE) };
}
