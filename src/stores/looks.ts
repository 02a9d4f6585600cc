/**
 * How often the test images of each data set were looked at: every measurement of a model on them counts, whatever asked
 * for it, and stays counted when the model is gone. Kept with the project.
 */
import { listen } from '#stores/engine';
import { project } from '#stores/project';
import type { CallName, Calls, DatasetId } from '#worker/protocol';

/** Counts from now on; returns what ends it. */
export function countLooks(): () => void {
  return listen((name, request, said) => {
    const { dataset } = request as { readonly dataset?: DatasetId | null };
    if (!dataset) return;
    const looks = 'response' in said ? looksIn(name, request, said.response) : looksOnTheWay(said.progress);
    if (looks === 0) return;
    project.setState((state) => ({ looks: { ...state.looks, [dataset]: (state.looks[dataset] ?? 0) + looks } }));
  });
}

/** A search that measures its runs on test tells of each when it ends, whether or not the search is ended after it. */
function looksOnTheWay(progress: unknown): number {
  const { result } = (progress ?? {}) as { readonly result?: { readonly test?: unknown } };
  return result?.test ? 1 : 0;
}

/** How many measurements on test images one answer holds. */
export function looksIn<N extends CallName>(
  name: N,
  request: Calls[N]['request'],
  response: Calls[N]['response'],
): number {
  switch (name) {
    case 'evaluate':
    case 'examine':
    case 'compareTwo':
      return (request as { readonly split?: string }).split === 'test' ? 1 : 0;
    case 'make': {
      const { members, combined } = response as Calls['make']['response'];
      return members.length + (combined ? 1 : 0);
    }
    default:
      return (response as { readonly test?: unknown } | null)?.test ? 1 : 0;
  }
}
