import type { Handler } from '#worker/call';

/** What is known of the training run that could go on. */
export const interrupted: Handler<'interrupted'> = async ({ discard = false }, { session }) => {
  const { run } = await session.vault;
  if (discard) await run.drop();
  const kept = await run.read();
  return kept && { ...kept.facts, epoch: kept.checkpoint.epoch };
};
