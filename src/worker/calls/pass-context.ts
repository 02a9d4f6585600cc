/** The contexts that passes are given: the engine's, with the session's backend, vault and scheduler behind them. */
import type { MakingContext } from '#core/ensembles/making/making';
import { type PassContext, PassError } from '#core/pass';
import { type ContextParts, makeContext } from '#engine/context';
import type { Dataset } from '#engine/datasets/dataset';
import type { Journal } from '#worker/calls/journal';
import { stepPace } from '#worker/calls/pace';
import type { ModelId, TrainProgress } from '#worker/protocol';
import type { Session } from '#worker/session';

export interface ContextOptions {
  readonly dataset: Dataset | null;
  readonly signal: AbortSignal;
  readonly between: () => Promise<void>;
  /** Node id -> model id. */
  readonly parents: Readonly<Record<string, ModelId>>;
  /** Remembers training runs. */
  readonly journal?: Journal | null;
}

/** Makes the context of one step from its seed and where its progress goes. */
export async function contextMaker(
  session: Session,
  options: ContextOptions,
): Promise<(seed: number, progress: (done: number, train?: TrainProgress) => void) => PassContext> {
  const { parents, journal, ...rest } = options;
  const [vault, backend] = [await session.vault, await session.backend()];
  return (seed, progress) => {
    // Training tells how much of the step is done, then its speed: both are passed on together.
    let share = 0;
    const paced = stepPace();
    const parts: ContextParts = {
      ...rest,
      backend,
      seed,
      progress: (done, point) => {
        share = done;
        if (!point) progress(done);
      },
      onTrain: (train) => progress(share, paced(share, train)),
      resolve: async (nodeId) => {
        const id = parents[nodeId];
        if (id === undefined) throw new PassError(gone);
        return vault.predictor(id);
      },
    };
    return remembering(parts, journal, session.checkpointEvery);
  };
}

/** A context whose training runs are remembered where there is a journal. */
export function remembering(
  parts: ContextParts,
  journal: Journal | null | undefined,
  checkpointEvery: number | undefined,
): MakingContext {
  const context = makeContext(parts);
  if (!journal) return context;
  const train = journal.remembering(
    (from, onCheckpoint) => makeContext({ ...parts, checkpoints: { from, onCheckpoint, checkpointEvery } }).train,
  );
  return { ...context, train };
}

const gone = {
  en: 'The chosen model is no longer on the page. Choose another one.',
  zh: '所选模型已不在页面上，请另选一个。',
};
