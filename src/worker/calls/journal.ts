/**
 * What has been done of a recipe that is being applied, or of members that are being made, so that an engine that ends in
 * the middle costs little: the steps that are done with their models, the training runs that the step in progress has
 * done, and the checkpoint of the run that is going on. A pass or a making does the same again for the same seed, so it
 * is run again and its training runs are answered from here.
 */
import { modelId } from '#core/model/hash';
import type { Model } from '#core/model/model';
import { hash128, hashHex } from '#core/numeric/hash';
import type { Objective } from '#core/objective';
import type { Words } from '#core/params';
import type { PassContext } from '#core/pass';
import type { Checkpoint } from '#engine/checkpoint';
import type { ModelId, StepOutcome } from '#worker/protocol';
import type { Session } from '#worker/session';

export interface DoneSoFar {
  /** What was asked for. */
  readonly key: string;
  readonly steps: readonly { readonly outcome: StepOutcome; readonly model: ModelId }[];
  /** Of the step in progress, in order: what each run was asked to learn, and what came of it. */
  readonly trained: readonly { readonly asked: string; readonly model: ModelId }[];
  /** What the checkpoint's run was asked to learn. */
  readonly training: string | null;
}

type Train = PassContext['train'];

export interface Journal {
  /** Of the steps that are done. */
  readonly outcomes: readonly StepOutcome[];
  /** What the last of them gave; null where none is done. */
  readonly model: Model | null;
  /** Where `who` goes on from, in words; null where it begins. */
  goesOn(who: Words): Words | null;
  /** A step ended with this model. */
  done(outcome: StepOutcome, model: Model): Promise<void>;
  /** The training of one step's context, remembered. `begin` gets the checkpoint to go on from and where to keep others. */
  remembering(begin: (from: Checkpoint | null, keep: (checkpoint: Checkpoint) => void) => Train): Train;
}

/** `of`: each has one journal. `resume`: goes on with what was kept under the same key. */
export async function openJournal(
  session: Session,
  of: 'applying' | 'making',
  key: string,
  resume: boolean,
): Promise<Journal> {
  const vault = await session.vault;
  const { [of]: keeper } = vault;
  const kept = resume ? await keeper.read() : null;
  const ids = [...(kept?.facts.steps ?? []), ...(kept?.facts.trained ?? [])].map(({ model }) => model);
  const isWhole = kept?.facts.key === key && (await vault.held(ids)).length === ids.length;
  let facts: DoneSoFar = isWhole ? kept.facts : { key, steps: [], trained: [], training: null };
  let checkpoint = isWhole ? kept.checkpoint : null;
  if (!isWhole) await keeper.drop();
  /** Training runs of the step in progress that were asked for. */
  let turn = 0;
  const last = facts.steps.at(-1);
  const note = (next: Partial<DoneSoFar>, at: Checkpoint | null = null): void => {
    facts = { ...facts, ...next };
    checkpoint = at;
    keeper.keep({ facts, checkpoint });
  };

  return {
    outcomes: facts.steps.map(({ outcome }) => outcome),
    model: last ? await vault.get(last.model) : null,
    goesOn: (who) => goesOn(who, facts, checkpoint),
    async done(outcome, model) {
      const id = await vault.put(model);
      note({ steps: [...facts.steps, { outcome, model: id }], trained: [], training: null });
      turn = 0;
    },
    remembering(begin) {
      return async (objective, hooks, told) => {
        const asked = fingerprint(objective);
        const at = turn++;
        const known = facts.trained[at];
        if (known?.asked === asked) return vault.get(known.model);
        const from = facts.training === asked ? checkpoint : null;
        note({ trained: facts.trained.slice(0, at), training: asked }, from);
        const model = await begin(from, (at) => note({}, at))(objective, hooks, told);
        note({ trained: [...facts.trained, { asked, model: await vault.put(model) }], training: null });
        return model;
      };
    },
  };
}

/** The same for objectives that ask for the same: models, rows and weights of images count by their content. */
function fingerprint(objective: Objective): string {
  return JSON.stringify(objective, (_key, value: unknown) => {
    if (ArrayBuffer.isView(value)) return hashHex(hash128(value));
    const isModel = typeof value === 'object' && value !== null && 'tensors' in value && 'layers' in value;
    return isModel ? modelId(value as Model) : value;
  });
}

function goesOn(who: Words, { steps, trained }: DoneSoFar, checkpoint: Checkpoint | null): Words | null {
  const count = trained.length;
  const epoch = checkpoint ? checkpoint.epoch.toFixed(1) : null;
  if (count > 0)
    return {
      en: `${who.en} goes on after ${count} training run${count === 1 ? '' : 's'}${epoch ? `, from epoch ${epoch} of the next` : ''}.`,
      zh: `${who.zh}：已完成 ${count} 次训练，${epoch ? `从下一次的第 ${epoch} 轮` : ''}继续。`,
    };
  if (epoch) return { en: `${who.en} goes on from epoch ${epoch}.`, zh: `${who.zh}：从第 ${epoch} 轮继续。` };
  return steps.length > 0 ? { en: `${who.en} is next.`, zh: `接下来是${who.zh}。` } : null;
}
