/**
 * How a tensor is best written: taken apart into kept places and codes, and each of the two coded by every stream that can, the
 * smallest kept. Only writing needs this.
 */
import { numbers } from '#core/coding/adaptive';
import { CodingError } from '#core/coding/fault';
import { encoder } from '#core/coding/range';
import { SEQUENCE_CODERS, type SequenceCoder } from '#core/coding/sequence';
import { channelOf, codesOf } from '#core/model/encoding';
import type { Exchange } from '#formats/whittle/exchange';
import { alphabetOf, codeCodesOf, codeFloatsOf, codePlaces, type Plan } from '#formats/whittle/streams';
import { type Content, decodeValues, geometryOf, type Parts } from '#formats/whittle/tensors';
import { bitsOf } from '#formats/whittle/values';

/** Which streams may be used: all of them, or one coder with relative indices, to show what coding by itself is worth. */
export type Streams = 'all' | SequenceCoder;

const NEGATIVE_ZERO = 0x8000_0000;
/** Zeros from this share on are left out of dense values even where no mask says so. */
const MANY_ZEROS = 1 / 16;

/** What is written of a tensor. */
export function partsOf(content: Content): Parts {
  const { shape, data, encoding } = content;
  const { values, mask } = encoding;
  const bits = bitsOf(data);
  const isZero = (word: number): boolean => word === 0 || word === NEGATIVE_ZERO;
  let kept = mask ?? null;
  if (!kept && (values.kind === 'dense' || values.kind === 'half')) {
    const filled = Uint8Array.from(bits, (word) => (isZero(word) ? 0 : 1));
    if (filled.reduce((sum, one) => sum - one, filled.length) > MANY_ZEROS * filled.length) kept = filled;
  }
  const decoded = new Float32Array(data.length);
  const codes = values.kind === 'dense' ? null : storedCodes(content);
  if (codes) decodeValues(values, shape, codes, kept, decoded);
  const back = bitsOf(decoded);
  const isExact =
    codes !== null && bits.every((word, i) => word === back[i] || (isZero(word) && isZero(back[i] as number)));
  // Floats keep the sign of a zero where they are stored, codes only where they have two zeros.
  const negative = Uint8Array.from(bits, (word, i) =>
    word === NEGATIVE_ZERO && (isExact ? back[i] !== word : kept !== null && !kept[i]) ? 1 : 0,
  );
  return {
    content,
    kept,
    codes: isExact ? codes : null,
    negativeZeros: negative.includes(1) ? negative : null,
  };
}

/** Codes as the file has them: 0 and 1 for two signs, places within the channel's own book. */
function storedCodes({ data, shape, encoding }: Content): Int32Array {
  const codes = codesOf(data, shape, encoding);
  const { values } = encoding;
  if (values.kind === 'binary') return codes.map((code) => (code > 0 ? 1 : 0));
  if (values.kind !== 'codebook' || !values.books) return codes;
  const { axis, offsets } = values.books;
  const channel = channelOf(shape, axis);
  return codes.map((code, i) => (code < 0 ? code : code - (offsets[channel(i)] as number)));
}

/** The smallest way of writing these parts. `period`: rows from one position of an image to the next, 0 for none. */
export function planOf(parts: Parts, period: number, streams: Streams): Plan {
  const { content, kept, codes } = parts;
  if (streams !== 'all') {
    // As in Deep Compression: 8 bits for the indices of convolutions, 5 for those of dense layers.
    const width = content.shape.length === 4 ? 8 : 5;
    const plan: Plan = { places: 'relative', placesCoder: streams, width, values: streams, period: 0 };
    // Halves and the largest codebooks have too many symbols for some coders.
    const [, alphabet] = alphabetOf(content.encoding.values);
    return { ...plan, values: codes && alphabet <= 4096 ? streams : 'fixed' };
  }
  const places = smallest(placePlans(kept, period), (plan) => {
    const geometry = geometryOf(content.shape, plan.period);
    return kept ? (exchange) => codePlaces(exchange, geometry, kept, plan) : null;
  });
  const values = smallest(valuePlans(codes !== null, period), (plan) => {
    const geometry = geometryOf(content.shape, plan.period);
    const data = new Float32Array(content.data.length);
    return codes
      ? (exchange) => codeCodesOf(exchange, content.encoding.values, codes.slice(), kept, geometry, plan)
      : (exchange) => codeFloatsOf(exchange, kept, data, content.data, plan);
  });
  // The period is said once for both.
  const usesPeriod = places.plan.places === 'contexts' && kept ? places.plan.period > 0 : values.plan.period > 0;
  const chosen = usesPeriod ? period : 0;
  return {
    ...places.plan,
    values: values.plan.values,
    period: chosen,
    ready: {
      places: places.plan.period === chosen ? places.stream : undefined,
      values: values.plan.period === chosen ? values.stream : undefined,
    },
  };
}

const USUAL: Plan = { places: 'contexts', placesCoder: 'fixed', width: 0, values: 'contexts', period: 0 };

function placePlans(kept: Uint8Array | null, period: number): readonly Plan[] {
  const plans: Plan[] = [{ ...USUAL, period }];
  if (!kept) return plans;
  if (period > 0) plans.push(USUAL);
  plans.push({ ...USUAL, places: 'bitmap' });
  const density = kept.reduce((sum, bit) => sum + bit, 0) / Math.max(1, kept.length);
  // The width that suits gaps of 1 / density.
  const width = Math.min(15, Math.max(1, Math.round(Math.log2(1 / Math.max(density, 1e-9))) + 1));
  for (const placesCoder of SEQUENCE_CODERS) {
    plans.push({ ...USUAL, places: 'gaps', placesCoder });
    plans.push({ ...USUAL, places: 'relative', placesCoder, width });
  }
  return plans;
}

function valuePlans(isCoded: boolean, period: number): readonly Plan[] {
  const others = isCoded ? SEQUENCE_CODERS : (['fixed'] as const);
  return [{ ...USUAL, period }, ...others.map((values): Plan => ({ ...USUAL, values }))];
}

/** The plan whose bytes are fewest; plans that cannot be written do not count. */
function smallest(
  plans: readonly Plan[],
  writerOf: (plan: Plan) => ((exchange: Exchange) => void) | null,
): { readonly plan: Plan; readonly stream: Uint8Array | undefined } {
  let best: ReturnType<typeof smallest> = { plan: plans[0] as Plan, stream: undefined };
  let least = Number.POSITIVE_INFINITY;
  for (const plan of plans) {
    const code = writerOf(plan);
    if (!code) return best;
    try {
      const { bytes, stream } = written(code);
      if (bytes >= least) continue;
      least = bytes;
      best = { plan, stream };
    } catch (error) {
      if (!(error instanceof CodingError)) throw error;
    }
  }
  return best;
}

/** Bytes that `code` takes by itself, and the block that it made, if it made one. */
function written(code: (exchange: Exchange) => void): {
  readonly bytes: number;
  readonly stream: Uint8Array | undefined;
} {
  const coder = encoder();
  let behind = 0;
  let stream: Uint8Array | undefined;
  const named = numbers(coder);
  code({
    coder,
    numbers: named,
    block(bytes = new Uint8Array(0)) {
      named.whole('block', bytes.length);
      behind += bytes.length;
      stream = bytes;
      return bytes;
    },
    spend() {},
  });
  return { bytes: coder.end().length + behind, stream };
}
