import type { Handler } from '#worker/call';

/** Finds the backends, checks their arithmetic, times a few real steps, and takes up the asked or the fastest one. */
export const start: Handler<'start'> = async ({ backend: asked }, { session, progress }) => {
  const { reports, backend } = await session.start(asked, progress);
  return { backends: reports, chosen: backend.id, saved: (await session.vault).saved() };
};
