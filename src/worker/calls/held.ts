import type { Handler } from '#worker/call';

/** Which models the vault still holds; with `keepOnly` it forgets all others. */
export const held: Handler<'held'> = async ({ models, keepOnly }, { session }) => {
  const vault = await session.vault;
  const found = await vault.held(models);
  if (keepOnly) await vault.keepOnly(found);
  return found;
};
