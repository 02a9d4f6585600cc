/**
 * What another visit may go on with: what was asked for is kept under a name as long as it goes on, one of each kind. A tab
 * that does not own the project keeps none, for it would take the place of the owner's. When it comes to own it, what the
 * owner left is offered; where something of the kind goes on here, that takes its place (as in the engine's vault), and the
 * person is told.
 */
import type { Words } from '#core/params';
import { keep, readKept } from '#stores/kept';
import { project } from '#stores/project';
import type { ProjectState } from '#stores/state';
import { notify } from '#stores/view';

type Kept = Readonly<Record<string, unknown>>;

interface Unfinished {
  /** It goes on from now on. Returns what keeps what was kept before, where it has not really begun. */
  begin(asked: Kept): () => void;
  /** It has come to an end, or is not wanted. */
  end(): void;
  /** It goes on no longer, but could: it stays kept. */
  leave(): void;
}

/** `what`: one of them, in words. `onOwner`: the tab has come to own the project, and nothing of the kind goes on. */
export function makeUnfinished(name: string, what: Words, onOwner: (saved: ProjectState['saved']) => void): Unfinished {
  let going: Kept | null = null;
  const keepOwn = (kept: Kept): void => {
    if (project.getState().saved !== 'other-tab') keep(name, kept);
  };
  project.subscribe(({ saved }, { saved: before }) => {
    if (saved === before || saved === 'other-tab' || (before !== 'restoring' && before !== 'other-tab')) return;
    if (!going) onOwner(saved);
    else if (before === 'other-tab') {
      if (Object.keys(readKept(name)).length > 0)
        notify({
          level: 'info',
          words: {
            en: `${what.en} in the tab that is gone cannot go on, because another one goes on here.`,
            zh: `已关闭的标签页中的${what.zh}无法继续，因为本页正在进行另一个。`,
          },
        });
      keep(name, going);
    }
  });
  return {
    begin(asked) {
      const before = readKept(name);
      going = asked;
      keepOwn(asked);
      return () => keepOwn(before);
    },
    end() {
      going = null;
      keepOwn({});
    },
    leave() {
      going = null;
    },
  };
}
