/** Names beside points without overlaps: each is tried above, right, left and below its point, or left out. Pixels. */

export interface LabelWish {
  readonly id: string;
  readonly text: string;
  readonly width: number;
  /** The point that it names. */
  readonly x: number;
  readonly y: number;
}
export interface PlacedLabel extends LabelWish {
  /** Left end of the text and its baseline, in pixels. */
  readonly left: number;
  readonly baseline: number;
}
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Places along a line, moved as little as it takes for each to be at least `apart` from its neighbours; in the order given. */
export function spreadOut(places: readonly number[], apart: number): readonly number[] {
  const order = [...places.keys()].sort((a, b) => (places[a] as number) - (places[b] as number) || a - b);
  // Runs of places too near each other stand evenly around their middle; runs that then touch become one.
  const runs: { middle: number; readonly members: number[] }[] = [];
  for (const index of order) {
    let run = { middle: places[index] as number, members: [index] };
    for (let before = runs.at(-1); before; before = runs.at(-1)) {
      const room = ((before.members.length + run.members.length) / 2) * apart;
      if (run.middle - before.middle >= room) break;
      runs.pop();
      const members = [...before.members, ...run.members];
      run = { middle: members.reduce((sum, one) => sum + (places[one] as number), 0) / members.length, members };
    }
    runs.push(run);
  }
  const result = [...places];
  for (const { middle, members } of runs)
    for (const [at, index] of members.entries()) result[index] = middle + (at - (members.length - 1) / 2) * apart;
  return result;
}

/**
 * Places wishes in the order given (the most important first) inside `area`, clear of all `obstacles` and of each other.
 * `size` is the height of the text, `gap` its distance from the point.
 */
export function placeLabels(
  wishes: readonly LabelWish[],
  obstacles: readonly Box[],
  area: Box,
  size: number,
  gap: number,
): readonly PlacedLabel[] {
  const taken: Box[] = [...obstacles];
  const placed: PlacedLabel[] = [];
  for (const wish of wishes) {
    const { x, y, width } = wish;
    const corners = [
      [x + gap * 0.75, y - gap * 0.75 - size],
      [x - gap * 0.75 - width, y - gap * 0.75 - size],
      [x + gap, y - size / 2],
      [x - gap - width, y - size / 2],
      [x + gap * 0.75, y + gap * 0.75],
      [x - gap * 0.75 - width, y + gap * 0.75],
    ] as const;
    const free = corners
      .map(([left, top]) => ({ left, top, right: left + width, bottom: top + size }))
      .find((box) => isInside(box, area) && !taken.some((other) => overlaps(box, other)));
    if (!free) continue;
    taken.push(free);
    placed.push({ ...wish, left: free.left, baseline: free.bottom - size * 0.18 });
  }
  return placed;
}

function isInside(box: Box, area: Box): boolean {
  return box.left >= area.left && box.right <= area.right && box.top >= area.top && box.bottom <= area.bottom;
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
