/** The Search tab: choosing networks, values of methods and members, and making a model again with other seeds. */
import { useStore } from 'zustand';
import { search, setMode } from '#stores/search-setup';
import type { SearchMode } from '#stores/search-state';
import { Panel } from '#ui/kit/Layout.tsx';
import { Views } from '#ui/kit/Views.tsx';
import { useText } from '#ui/kit/words.ts';
import { JobView } from '#ui/search/JobView.tsx';
import { MembersView } from '#ui/search/MembersView.tsx';
import { modeOf } from '#ui/search/mode.ts';
import { RepeatView } from '#ui/search/RepeatView.tsx';
import { Setup } from '#ui/search/Setup.tsx';

const MODES: readonly SearchMode[] = ['network', 'recipe', 'members', 'repeat'];

export function SearchTab() {
  const t = useText();
  const mode = useStore(search, (state) => state.mode);
  const shown = useStore(search, ({ job }) => (job ? modeOf(job) : null));
  const content = (view: SearchMode) => {
    if (view === 'members') return <MembersView />;
    if (view === 'repeat') return <RepeatView />;
    return shown === view ? <JobView /> : <Setup mode={view} />;
  };
  return (
    <Panel title={t('search.title')} intro={t('search.intro')}>
      <Views
        label={t('search.views')}
        value={mode}
        views={MODES.map((id) => ({ id, name: t(`search.modes.${id}`), content: () => content(id) }))}
        onChange={setMode}
      />
    </Panel>
  );
}
