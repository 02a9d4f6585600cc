/**
 * Which pieces of kernels are alike: their distances, each with each, and the groups they form below a limit. A piece is a strided run of a kernel's values: a
 * filter, a window, a whole kernel. Distance: |a - b| / (|a| + |b|), 0 for two zeros.
 */
import type { Tensor } from '#core/model/model';

export interface Piece {
  readonly layer: string;
  readonly tensor: Tensor;
  /** Its values are at first, first + step, …: `length` of them. */
  readonly first: number;
  readonly step: number;
  readonly length: number;
}

/** More pieces than this are not compared each with each: their distances take 36 MB. */
export const TOO_MANY = 3000;

/** [pieces, pieces], row-major; null for more than TOO_MANY. */
export function distancesOf(pieces: readonly Piece[]): Float32Array | null {
  const n = pieces.length;
  if (n > TOO_MANY) return null;
  const values = pieces.map(valuesOf);
  const sizes = values.map((own) => Math.sqrt(own.reduce((sum, w) => sum + w * w, 0)));
  const distances = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    const a = values[i] as Float32Array;
    for (let j = 0; j < i; j++) {
      const b = values[j] as Float32Array;
      let sum = 0;
      for (let k = 0; k < a.length; k++) sum += ((a[k] as number) - (b[k] as number)) ** 2;
      const both = (sizes[i] as number) + (sizes[j] as number);
      const distance = both === 0 ? 0 : Math.sqrt(sum) / both;
      distances[i * n + j] = distance;
      distances[j * n + i] = distance;
    }
  }
  return distances;
}

/** Groups of pieces, in the order of the pieces that lead them, the largest first; every piece is in one. */
export function gatherAlike(pieces: readonly Piece[], distances: Float32Array, limit: number): readonly Piece[][] {
  const n = pieces.length;
  const sizes = pieces.map((piece) => valuesOf(piece).reduce((sum, w) => sum + w * w, 0));
  const order = Array.from(sizes.keys()).sort((a, b) => (sizes[b] as number) - (sizes[a] as number) || a - b);
  const groups: { readonly leader: number; readonly members: Piece[] }[] = [];
  for (const i of order) {
    let nearest: { readonly members: Piece[]; readonly distance: number } | null = null;
    for (const { leader, members } of groups) {
      const distance = distances[i * n + leader] as number;
      if (distance <= limit && (!nearest || distance < nearest.distance)) nearest = { members, distance };
    }
    if (nearest) nearest.members.push(pieces[i] as Piece);
    else groups.push({ leader: i, members: [pieces[i] as Piece] });
  }
  return groups.map(({ members }) => members);
}

function valuesOf({ tensor, first, step, length }: Piece): Float32Array {
  return Float32Array.from({ length }, (_, k) => tensor.data[first + k * step] as number);
}
