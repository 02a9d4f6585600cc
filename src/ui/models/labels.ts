/** Names beside points without overlaps: each is tried right, left, above and below its point, or left out. */

export interface LabelWish {
  readonly id: string;
  readonly text: string;
  /** Pixels. */
  readonly x: number;
  readonly y: number;
}
export interface PlacedLabel extends LabelWish {
  /** Left end of the text and its baseline, in pixels. */
  readonly left: number;
  readonly baseline: number;
}
interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Width of a text of `size` pixels, about: Chinese characters are square, others half as wide. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const character of text) width += (character.codePointAt(0) as number) > 0x2e7f ? size : size * 0.56;
  return width;
}

/**
 * Places wishes in the order given (the most important first) inside `area`, clear of all `points` and of each other.
 * `size` is the height of the text, `gap` its distance from the point, both in pixels.
 */
export function placeLabels(wishes: readonly LabelWish[], points: readonly { readonly x: number; readonly y: number }[], area: Box, size: number, gap: number): readonly PlacedLabel[] {
  const taken: Box[] = points.map(({ x, y }) => ({ left: x - gap * 0.8, right: x + gap * 0.8, top: y - gap * 0.8, bottom: y + gap * 0.8 }));
  const placed: PlacedLabel[] = [];
  for (const wish of wishes) {
    const width = textWidth(wish.text, size);
    const { x, y } = wish;
    const corners = [
      [x + gap, y - size / 2],
      [x - gap - width, y - size / 2],
      [x - width / 2, y - gap - size],
      [x - width / 2, y + gap],
      [x + gap * 0.6, y - gap - size * 0.6],
      [x - gap * 0.6 - width, y + gap * 0.5],
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
