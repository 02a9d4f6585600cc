/** How the picture of a way to combine is laid out, and what it says of each member. */

export type WayShape = 'mean' | 'vote' | 'stack' | 'cascade' | 'router' | 'chain';

const SHAPES: Readonly<Record<string, WayShape>> = {
  'majority-vote': 'vote',
  boosting: 'vote',
  stacking: 'stack',
  cascade: 'cascade',
  specialists: 'router',
  'task-chain': 'chain',
};

/** Averages look alike; whatever is new is drawn as one until it has a picture of its own. */
export function shapeOf(way: string): WayShape {
  return SHAPES[way] ?? 'mean';
}

/** A member in the picture. */
export interface PictureMember {
  readonly id: string;
  readonly name: string;
  /** How much it counts, 0 to 1; null where that is not one number, or not known yet. */
  readonly weight: number | null;
  /** Share of the images that it has to answer; null while it is not known. */
  readonly used: number | null;
}

/** Members that there is room for; with more of them the last place says how many are not drawn. */
const drawn = 4;

/** The members that are drawn, and how many are not. */
export function inPicture<T>(
  members: readonly T[],
  most = drawn,
): { readonly shown: readonly T[]; readonly more: number } {
  return members.length <= most
    ? { shown: members, more: 0 }
    : { shown: members.slice(0, most - 1), more: members.length - most + 1 };
}

/**
 * Names as short as they can be told apart: a beginning that several of them share ("Small CNN, bagged 1", "Small CNN,
 * bagged 2") is left out where something follows it.
 */
export function toldApart(names: readonly string[]): readonly string[] {
  const first = (name: string) => name.split(', ')[0] as string;
  const short = names.map((name) => {
    const isShared = names.filter((other) => first(other) === first(name)).length > 1;
    return isShared && name.length > first(name).length ? name.slice(first(name).length + 2) : name;
  });
  return new Set(short).size === new Set(names).size ? short : names;
}

/** A name that fits into its box: the beginning and the end of a long one. */
export function fitted(name: string, letters: number): string {
  // A Chinese character is about as wide as two letters.
  const width = (text: string) => text.replace(/[^\p{ASCII}]/gu, 'xx').length;
  if (width(name) <= letters) return name;
  const tail = name.split(', ').length > 1 ? (name.split(', ').at(-1) as string) : '';
  if (tail !== '' && width(tail) + 4 <= letters) {
    const head = cut(name, letters - width(tail) - 2, width);
    return `${head}… ${tail}`;
  }
  return `${cut(name, letters - 1, width)}…`;
}

function cut(text: string, letters: number, width: (text: string) => number): string {
  let kept = '';
  for (const letter of text) {
    if (width(kept + letter) > letters) break;
    kept += letter;
  }
  return kept.trimEnd();
}

/** The thickness of a line that carries this share, in pixels. */
export function thickness(share: number | null): number {
  return share === null ? 1.5 : share <= 0 ? 0.75 : 1 + 4 * Math.min(1, share);
}
