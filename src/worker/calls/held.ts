import type { Handler } from '#worker/call';

/** Which models the vault still holds; with `keepOnly` it forgets all others. */
export const held: Handler<'held'> = async ({ models, keepOnly }, { session }) => {
  const vault = await session.vault;
  const found = await vault.held(models);
  // What is done of members that are being made is on no page yet.
  const done = keepOnly ? ((await vault.making.read())?.facts.trained ?? []) : [];
  if (keepOnly) await vault.keepOnly([...found, ...done.map(({ model }) => model)]);
  return found;
};
