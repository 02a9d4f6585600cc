import { createModel } from '#core/model/create';
import type { Handler } from '#worker/call';
import { summaryOf } from '#worker/summary';

/** Makes an untrained model from an architecture. */
export const create: Handler<'create'> = async ({ architecture, seed }, { session }) => {
  const model = createModel(architecture, seed);
  await (await session.vault).put(model);
  return summaryOf(model);
};
