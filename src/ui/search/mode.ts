/** The view of the tab in which a search stands. */
import type { SearchJob, SearchMode } from '#stores/search-state';

export function modeOf({ purpose, node }: Pick<SearchJob, 'purpose' | 'node'>): SearchMode {
  if (purpose === 'repeat') return 'repeat';
  return node === null ? 'network' : 'recipe';
}
