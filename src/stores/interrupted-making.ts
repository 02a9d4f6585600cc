/**
 * Members that were being made when the page was left: what was asked for is kept, and taken up again by the next visit.
 * The engine keeps what is done of it, so that asking for the same goes on there.
 */
import { MAKINGS } from '#core/ensembles/making/index';
import type { Values } from '#core/params';
import { combine } from '#stores/combine-state';
import { readKept } from '#stores/kept';
import { project } from '#stores/project';
import type { CombineState } from '#stores/state';
import { makeUnfinished } from '#stores/unfinished';

const NAME = 'making';
type Asked = Pick<CombineState, 'making' | 'sources' | 'seed'> & { readonly values: Values };

const unfinished = makeUnfinished(NAME, { en: 'Making members', zh: '成员制作' }, takeUpMaking);

/** It has begun: the next visit hears of it where this one does not end it. */
export function keepMaking(asked: Asked): void {
  combine.setState({ interrupted: false });
  unfinished.begin({ ...asked });
}
/** It has come to an end, or something else is wanted. */
export function forgetMaking(): void {
  combine.setState({ interrupted: false });
  unfinished.end();
}
/** It failed for want of what it needs, and may be gone on with. */
export function leaveMaking(): void {
  unfinished.leave();
  takeUpMaking();
}

/** Sets up what an earlier visit left, where everything that it needs is still there. */
export function takeUpMaking(): void {
  const { saved, order } = project.getState();
  if (saved === 'restoring' || saved === 'other-tab' || combine.getState().running) return;
  const { making, values, sources, seed } = readKept(NAME) as Partial<Asked>;
  if (making === undefined) return;
  const isThere = Array.isArray(sources) && sources.every((id) => order.includes(id));
  if (!isThere || !values || typeof seed !== 'number' || !MAKINGS.some(({ id }) => id === making)) {
    forgetMaking();
    return;
  }
  const { makingValues } = combine.getState();
  combine.setState({
    view: 'make',
    making,
    makingValues: { ...makingValues, [making]: values },
    sources,
    seed,
    interrupted: true,
  });
}

/** Other members are others: what is done of these is of no use to them. */
combine.subscribe((state, before) => {
  if (!state.interrupted || !before.interrupted || state.running) return;
  const isOther = (['making', 'makingValues', 'sources', 'seed'] as const).some((key) => state[key] !== before[key]);
  if (isOther) forgetMaking();
});
