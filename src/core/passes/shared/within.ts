/** A context for a part of a pass's work, so that the progress of all parts together goes from 0 to 1 once. */
import type { PassContext } from '#core/pass';

/** What is told of the part, training included, counts as `share` of the whole (0 to 1) from `begin` on. */
export function within<C extends PassContext>(context: C, begin: number, share: number): C {
  const progress: PassContext['progress'] = (done, point) => context.progress(begin + share * done, point);
  return { ...context, progress, train: (objective, hooks, own = progress) => context.train(objective, hooks, own) };
}
