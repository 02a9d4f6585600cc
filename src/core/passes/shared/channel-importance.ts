/**
 * How important the channels of a model are, group by group, by measures that ask more than the size of a filter
 * (`channel-ranking`): the scale of batch normalisation, the distance to the other filters, gradients, activity, and the
 * correlation of input and output. Where a measure has nothing to go by in a group, the size of the filters is used there
 * and a note says so.
 */
import type { ChannelGroup, GroupMember } from '#core/model/channels';
import { layerOf, tensorOf } from '#core/model/edit';
import type { TensorRole } from '#core/model/layers';
import type { Model } from '#core/model/model';
import type { Words } from '#core/params';
import type { PassContext, Tap } from '#core/pass';
import { hebbianScores, timesWeights } from '#core/passes/hebbian-pruning';
import { importanceOf, type RankedGroup } from '#core/passes/shared/channel-ranking';
import { checkMeasured, showImages } from '#core/passes/shared/importance';
import { inParts } from '#core/passes/shared/in-parts';
import { layersThatRun, type Selected } from '#core/passes/shared/selection';
import { activationPlace, unitActivity } from '#core/passes/shared/unit-activations';

export type ChannelMeasure =
  | 'l1'
  | 'l2'
  | 'scale'
  | 'median'
  | 'taylor-activations'
  | 'taylor-weights'
  | 'apoz'
  | 'hebbian';

/** One number a unit, 0 or more; null where the measure does not apply to the group. */
type Measured = Float64Array | null;

/** Images in a batch whose weights' gradient is taken. */
const BATCH = 16;

/** The groups with the importance of their units, and notes on those measured by the size of their filters instead. */
export async function measureChannels(
  model: Model,
  groups: readonly ChannelGroup[],
  by: ChannelMeasure,
  images: number,
  context: PassContext,
): Promise<{ readonly ranked: readonly RankedGroup[]; readonly notes: readonly Words[] }> {
  const runs = layersThatRun(model);
  // What no image reaches cannot be measured on images.
  const asleep = ON_IMAGES.includes(by)
    ? groups.filter(({ producers }) => !producers.some(({ layer }) => runs.has(layer)))
    : [];
  const awake = groups.filter((group) => !asleep.includes(group)).map((group) => onlyRunning(group, by, runs));
  const found = awake.length > 0 ? await measure(model, awake, by, images, context) : [];
  checkMeasured(found.filter((own) => own !== null));
  const measured = new Map(awake.map(({ id }, i) => [id, found[i] ?? null]));
  const ranked = groups.map((group) => {
    return { group, importance: measured.get(group.id) ?? importanceOf(model, group, 'l1') };
  });
  const missing = awake.filter((_, i) => !found[i]);
  return {
    ranked,
    notes: [
      ...(missing.length > 0 ? [sizeInstead(missing, by === 'scale' ? UNNORMALISED : UNRECTIFIED)] : []),
      ...(asleep.length > 0 ? [sizeInstead(asleep, UNSEEN)] : []),
    ],
  };
}

const ON_IMAGES: readonly ChannelMeasure[] = ['taylor-activations', 'taylor-weights', 'apoz', 'hebbian'];

function onlyRunning(group: ChannelGroup, by: ChannelMeasure, runs: ReadonlySet<string>): ChannelGroup {
  if (!ON_IMAGES.includes(by)) return group;
  return { ...group, producers: group.producers.filter(({ layer }) => runs.has(layer)) };
}

async function measure(
  model: Model,
  groups: readonly ChannelGroup[],
  by: ChannelMeasure,
  images: number,
  context: PassContext,
): Promise<readonly Measured[]> {
  switch (by) {
    case 'l1':
    case 'l2':
      return groups.map((group) => importanceOf(model, group, by));
    case 'scale':
      return groups.map((group) => scaleOf(model, group));
    case 'median': {
      const found: Float64Array[] = [];
      for (const group of groups) found.push(await inParts(distancesOf(model, group), context));
      return found;
    }
    case 'taylor-activations':
      return activationGradients(model, groups, images, context);
    case 'taylor-weights':
      return weightGradients(model, groups, images, context);
    case 'apoz':
      return activity(model, groups, images, context);
    case 'hebbian':
      return correlation(model, groups, images, context);
    default:
      throw by satisfies never;
  }
}

/** Adds to each unit what `values` hold for its channels of a member, `values` running over the channels fastest. */
function addUnits(into: Float64Array, { channels }: GroupMember, values: ArrayLike<number>, outputs: number): void {
  const sums = new Float64Array(outputs);
  for (let i = 0; i < values.length; i++) sums[i % outputs] = (sums[i % outputs] as number) + (values[i] as number);
  for (const [unit, own] of channels.entries())
    for (const channel of own) into[unit] = (into[unit] as number) + (sums[channel] as number);
}

function held(model: Model, name: string, role: TensorRole): Float32Array | undefined {
  const layer = layerOf(model, name);
  return layer && tensorOf(model, layer, role)?.data;
}

/** Liu et al. 2017, "Learning Efficient Convolutional Networks through Network Slimming": |gamma|, summed where a unit has several. */
function scaleOf(model: Model, group: ChannelGroup): Measured {
  const importance = new Float64Array(group.count);
  let found = false;
  for (const member of group.carriers) {
    const gamma = held(model, member.layer, 'gamma');
    if (!gamma) continue;
    found = true;
    addUnits(importance, member, gamma.map(Math.abs), gamma.length);
  }
  return found ? importance : null;
}

/**
 * He et al. 2019, "Filter Pruning via Geometric Median": the sum of a filter's distances to all others of its group. The
 * smallest lie at the middle of them, where the others can stand in for them.
 */
function* distancesOf(model: Model, group: ChannelGroup): Generator<number, Float64Array> {
  const rows: number[][] = Array.from({ length: group.count }, () => []);
  for (const { layer, channels } of group.producers) {
    const kernel = held(model, layer, 'kernel') as Float32Array;
    const outputs = outputsOf(model, layer);
    for (const [unit, own] of channels.entries())
      for (const channel of own)
        for (let i = channel; i < kernel.length; i += outputs) rows[unit]?.push(kernel[i] as number);
  }
  const importance = new Float64Array(group.count);
  for (let a = 0; a < group.count; a++) {
    for (let b = a + 1; b < group.count; b++) {
      const [one, other] = [rows[a] as number[], rows[b] as number[]];
      let square = 0;
      for (let i = 0; i < Math.min(one.length, other.length); i++)
        square += ((one[i] as number) - (other[i] as number)) ** 2;
      const distance = Math.sqrt(square);
      importance[a] = (importance[a] as number) + distance;
      importance[b] = (importance[b] as number) + distance;
    }
    yield (group.count - a) * (rows[a]?.length ?? 0);
  }
  return importance;
}

/** Output channels of a layer with a kernel: the kernel's last axis. */
function outputsOf(model: Model, name: string): number {
  const layer = layerOf(model, name);
  return (layer && tensorOf(model, layer, 'kernel')?.shape.at(-1)) ?? 0;
}

/** The layers behind the producers where their activations are read. */
function placesOf(model: Model, groups: readonly ChannelGroup[]) {
  return groups.flatMap((group, g) =>
    group.producers.map((member) => ({
      g,
      member,
      channels: outputsOf(model, member.layer),
      ...activationPlace(model, member.layer),
    })),
  );
}

/** Molchanov et al. 2017: |sum over positions of g a| of each image, averaged over images; of several producers the sum. */
async function activationGradients(
  model: Model,
  groups: readonly ChannelGroup[],
  images: number,
  context: PassContext,
): Promise<readonly Measured[]> {
  const places = placesOf(model, groups);
  const importance = groups.map(({ count }) => new Float64Array(count));
  const taps = places.map(({ layer }): Tap => ({ layer, at: 'output' }));
  const seen = await showImages(model, { taps, images, gradients: true }, context, (batch) => {
    for (const [i, { g, member, channels }] of places.entries()) {
      const [a, gradient] = [batch.values[i] as Float32Array, batch.gradients[i] as Float32Array];
      const size = a.length / batch.images;
      const sums = new Float64Array(channels);
      for (let image = 0; image < batch.images; image++) {
        sums.fill(0);
        for (let at = image * size; at < (image + 1) * size; at++) {
          const c = at % channels;
          // The gradient of the batch's mean loss is that of the image's own, divided by the images.
          sums[c] = (sums[c] as number) + (a[at] as number) * (gradient[at] as number) * batch.images;
        }
        addUnits(importance[g] as Float64Array, member, sums.map(Math.abs), channels);
      }
    }
  });
  return importance.map((own) => own.map((sum) => sum / Math.max(1, seen)));
}

/** Molchanov et al. 2019: (sum of g w over the filters and biases that make the unit)^2, averaged over batches. */
async function weightGradients(
  model: Model,
  groups: readonly ChannelGroup[],
  images: number,
  context: PassContext,
): Promise<readonly Measured[]> {
  const importance = groups.map(({ count }) => new Float64Array(count));
  let batches = 0;
  await showImages(model, { taps: [], images, batch: BATCH, gradients: true }, context, ({ weights }) => {
    batches++;
    for (const [g, group] of groups.entries()) {
      const sums = new Float64Array(group.count);
      for (const member of group.producers) {
        for (const role of ['kernel', 'bias'] as const) {
          const [values, gradient] = [held(model, member.layer, role), weights.get(`${member.layer}/${role}`)];
          if (!values || !gradient) continue;
          const products = Float64Array.from(values, (w, i) => w * (gradient[i] as number));
          addUnits(sums, member, products, outputsOf(model, member.layer));
        }
      }
      const own = importance[g] as Float64Array;
      for (let unit = 0; unit < own.length; unit++) own[unit] = (own[unit] as number) + (sums[unit] as number) ** 2;
    }
  });
  return importance.map((own) => own.map((sum) => sum / Math.max(1, batches)));
}

/** Hu et al. 2016: 1 - APoZ, the share of activations that are not zero, averaged over the producers with a rectifier. */
async function activity(
  model: Model,
  groups: readonly ChannelGroup[],
  images: number,
  context: PassContext,
): Promise<readonly Measured[]> {
  const places = placesOf(model, groups).filter(({ rectified }) => rectified);
  const activities = places.length > 0 ? await unitActivity(model, places, images, context) : [];
  return groups.map((group, g) => {
    const own = places.flatMap((place, i) => (place.g === g ? [{ place, active: activities[i]?.active }] : []));
    if (own.length === 0) return null;
    const importance = new Float64Array(group.count);
    for (const { place, active } of own) addUnits(importance, place.member, active ?? [], place.channels);
    return importance.map((sum) => sum / own.length);
  });
}

/** |w| times the covariance of input and output (see Hebbian pruning), summed over the weights that make the unit. */
async function correlation(
  model: Model,
  groups: readonly ChannelGroup[],
  images: number,
  context: PassContext,
): Promise<readonly Measured[]> {
  const members = groups.flatMap((group, g) => group.producers.map((member) => ({ g, member })));
  const selected = members.flatMap(({ member }): Selected[] => {
    const layer = layerOf(model, member.layer);
    const tensor = layer && tensorOf(model, layer, 'kernel');
    return layer && tensor ? [{ layer, tensor }] : [];
  });
  const covariances = await hebbianScores(model, selected, 'covariance', images, context);
  const importance = groups.map(({ count }) => new Float64Array(count));
  for (const [i, { g, member }] of members.entries())
    addUnits(
      importance[g] as Float64Array,
      member,
      timesWeights(covariances[i] as Float64Array, selected[i] as Selected),
      outputsOf(model, member.layer),
    );
  return importance;
}

const UNNORMALISED: Words = { en: 'no batch normalisation follows', zh: '之后没有批归一化' };
const UNRECTIFIED: Words = { en: 'no ReLU follows', zh: '之后没有 ReLU' };
const UNSEEN: Words = { en: 'no image reaches it', zh: '图片不经过它' };

function sizeInstead(groups: readonly ChannelGroup[], why: Words): Words {
  const names = groups.map(({ id }) => id);
  return {
    en: `${names.join(', ')}: ${why.en}, so the size of the filters (L1) is used there.`,
    zh: `${names.join('、')}：${why.zh}，因此那里使用滤波器的大小（L1）。`,
  };
}
