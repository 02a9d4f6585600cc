/**
 * Channel pruning by sensitivity: each group of channels is first cut alone, and those that cost more accuracy lose less.
 */
import { cutChannels } from '#core/model/channels';
import type { Model } from '#core/model/model';
import type { PassContext } from '#core/pass';
import { withQuickNorms } from '#core/passes/batch-norm-statistics';
import { keptCount, mostImportant, type RankedGroup } from '#core/passes/shared/channel-ranking';
import { type Curve, curvesOf, scanLayers, spread } from '#core/passes/shared/sensitivity';

/** Training images that batch normalisation is measured on again, at most. */
export const NORM_IMAGES = 256;

/** Shares of a group's channels (the best one left out) at which it is tried alone. */
const LEVELS = [0.25, 0.5, 0.75, 1] as const;

/**
 * What each group costs: accuracy on validation images with it alone cut, its most important channel left. `norms`: with batch
 * normalisation measured again each time.
 */
export async function channelCurves(
  model: Model,
  groups: readonly RankedGroup[],
  norms: boolean,
  context: PassContext,
): Promise<readonly Curve[]> {
  const quiet: PassContext = { ...context, progress: () => {} };
  const alone = async (whole: Model, ranked: RankedGroup, level: number): Promise<Model> => {
    const { id, count } = ranked.group;
    const cut = cutChannels(whole, new Map([[id, mostImportant(ranked, count - Math.round(level * (count - 1)))]]));
    return norms ? (await withQuickNorms(cut, NORM_IMAGES, quiet)).model : cut;
  };
  return curvesOf(LEVELS, await scanLayers(model, groups, LEVELS, alone, context));
}

/** How many channels of each group stay with this share of all (0 to 1), fewer where accuracy suffers less; at least one. */
export function countsBySensitivity(
  groups: readonly RankedGroup[],
  curves: readonly Curve[],
  share: number,
): readonly number[] {
  const all = groups.reduce((sum, { group }) => sum + group.count, 0);
  const portions = groups.map(({ group }, i) => ({ size: group.count - 1, gone: 0, curve: curves[i] as Curve }));
  const gone = spread(portions, Math.min(all - groups.length, all - keptCount(all, share)));
  return groups.map(({ group }, i) => group.count - (gone[i] as number));
}
