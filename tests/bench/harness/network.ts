/** A chain of layers with its weights, in words that every peer understands. Convolutions have stride 1 and an odd kernel. */

interface Weights {
  /** Little-endian float32 in base64: [kh, kw, in, out] or [in, out]. */
  readonly kernel: string;
  /** [out]. */
  readonly bias: string;
  readonly shape: readonly number[];
  readonly relu: boolean;
}
export type NetworkLayer =
  | ({ readonly kind: 'conv'; readonly padding: 'valid' | 'same' } & Weights)
  | { readonly kind: 'maxPool' }
  | { readonly kind: 'flatten' }
  | ({ readonly kind: 'dense' } & Weights);
/** The last layer gives logits; images are [28, 28, 1], rows first, then columns, then channels. */
export interface Network {
  readonly id: string;
  readonly layers: readonly NetworkLayer[];
}

/** Images as 8-bit grey in base64 [count, 28, 28, 1], a network sees them divided by 255; and their labels. */
export interface Sample {
  readonly pixels: string;
  readonly labels: readonly number[];
}

/** What any contestant can be asked to do; speeds are images a second. */
export interface Contestant {
  /** Loss of each of the first steps on the sample's batches in order, at most `steps` and, but for the first two, at most `seconds` long. */
  readonly curve: (network: string, steps: number, seconds: number) => Promise<readonly number[]>;
  /** Trains for about `seconds`, at least one step. */
  readonly train: (network: string, seconds: number) => Promise<number>;
  /** Answers test images, the first `images`. */
  readonly infer: (network: string, images: number) => Promise<{ readonly speed: number; readonly correct: number }>;
}

export const BATCH = 64;
export const LEARNING_RATE = 1e-3;

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
