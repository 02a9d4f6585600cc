/** What another visit may go on with, where the project changes hands between two tabs. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { keep, readKept } from '#stores/kept';
import { freshStores, type Stores } from './setting';

let s: Stores;
const offered = vi.fn<(saved: string) => void>();
let unfinished: ReturnType<typeof import('#stores/unfinished')['makeUnfinished']>;
beforeEach(async () => {
  localStorage.clear();
  s = await freshStores();
  offered.mockClear();
  const { makeUnfinished } = await import('#stores/unfinished');
  unfinished = makeUnfinished('work', { en: 'The work', zh: '工作' }, offered);
});
const become = (...states: readonly ('restoring' | 'other-tab' | 'saved')[]) => {
  for (const saved of states) s.project.setState({ saved });
};
const said = () => s.view.getState().notices.map(({ words }) => words.en);

describe('what goes on', () => {
  it('is kept while it goes on, and what was kept before comes back where it did not begin', () => {
    become('restoring', 'saved');
    keep('work', { old: 1 });
    const undo = unfinished.begin({ new: 2 });
    expect(readKept('work')).toEqual({ new: 2 });
    undo();
    expect(readKept('work')).toEqual({ old: 1 });
    unfinished.begin({ new: 3 });
    unfinished.leave();
    expect(readKept('work')).toEqual({ new: 3 });
    unfinished.end();
    expect(readKept('work')).toEqual({});
  });

  it('in a second tab leaves alone what the first keeps, which is offered when that one is gone', () => {
    keep('work', { theirs: 1 });
    become('restoring', 'other-tab');
    unfinished.begin({ own: 2 });
    unfinished.end();
    expect(readKept('work')).toEqual({ theirs: 1 });
    expect(offered).not.toHaveBeenCalled();
    become('saved');
    expect(offered).toHaveBeenCalledExactlyOnceWith('saved');
  });

  it('in a second tab takes the place of what the first left, and says so', () => {
    keep('work', { theirs: 1 });
    become('restoring', 'other-tab');
    unfinished.begin({ own: 2 });
    become('saved');
    expect(readKept('work')).toEqual({ own: 2 });
    expect(offered).not.toHaveBeenCalled();
    expect(said()).toEqual(['The work in the tab that is gone cannot go on, because another one goes on here.']);
  });

  it('says nothing where the first left nothing', () => {
    become('restoring', 'other-tab');
    unfinished.begin({ own: 2 });
    become('saved');
    expect(readKept('work')).toEqual({ own: 2 });
    expect(said()).toEqual([]);
  });
});
