import type { Handler } from '#worker/call';

/** Which models the vault still holds; with `keepOnly` it forgets all others. */
export const held: Handler<'held'> = async ({ models, keepOnly }, { session }) => {
  const vault = await session.vault;
  const found = await vault.held(models);
  if (!keepOnly) return found;
  // What is done of a recipe that is being applied, or of members that are being made, is on no page yet.
  const going = await Promise.all([vault.applying.read(), vault.making.read()]);
  const done = going.flatMap((kept) => (kept ? [...kept.facts.steps, ...kept.facts.trained] : []));
  await vault.keepOnly([...found, ...done.map(({ model }) => model)]);
  return found;
};

export const takeOver: Handler<'takeOver'> = async (_, { session }) => {
  const vault = await session.vault;
  await vault.takeOver();
  return { saved: vault.saved() };
};
