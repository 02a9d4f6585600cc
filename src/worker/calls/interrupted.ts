import type { Handler } from '#worker/call';

/** What is known of the training run that could go on. */
export const interrupted: Handler<'interrupted'> = async ({ discard = false }, { session }) => {
  const { run } = await session.vault;
  if (discard) await run.drop();
  const kept = await run.read();
  return kept && { ...kept.facts, epoch: kept.checkpoint.epoch };
};

/** And of the recipe whose application could go on. */
export const interruptedRecipe: Handler<'interruptedRecipe'> = async ({ discard = false }, { session }) => {
  const { applying } = await session.vault;
  if (discard) await applying.drop();
  const kept = await applying.read();
  return kept && { done: kept.facts.steps.length, epoch: kept.checkpoint?.epoch ?? null };
};
