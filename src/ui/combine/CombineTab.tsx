/** The Combine tab: models that answer together, members trained to do so, trees, and what came of it. */
import { Button } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import { useStore } from 'zustand';
import { candidates, combine, setCombineView, setMembers } from '#stores/combine';
import { datasets } from '#stores/datasets';
import { nodesOnPage, project } from '#stores/project';
import type { CombineView } from '#stores/state';
import { setTab } from '#stores/view';
import styles from '#ui/combine/combine.module.css';
import { MakingsView } from '#ui/combine/MakingsView.tsx';
import { ResultView } from '#ui/combine/ResultView.tsx';
import { TreesView } from '#ui/combine/TreesView.tsx';
import { WaysView } from '#ui/combine/WaysView.tsx';
import { EmptyState } from '#ui/kit/Feedback.tsx';
import { Panel } from '#ui/kit/Layout.tsx';
import { Views } from '#ui/kit/Views.tsx';
import { useText } from '#ui/kit/words.ts';
import { networksIn } from '#ui/predictor/networks.ts';

const NAMES = { combine: 'ways', make: 'makings', trees: 'trees', result: 'result' } as const;

export function CombineTab() {
  const t = useText();
  const shown = useStore(combine, (state) => state.view);
  const content: Readonly<Record<CombineView, () => ReactNode>> = {
    combine: () => <Ways />,
    make: () => <Makings />,
    trees: () => <TreesView />,
    result: () => <ResultView />,
  };
  return (
    <Panel title={t('combine.title')} isQuiet>
      <Views
        label={t('combine.views.label')}
        value={shown}
        onChange={setCombineView}
        views={(Object.keys(NAMES) as CombineView[]).map((id) => ({
          id,
          name: t(`combine.views.${NAMES[id]}`),
          content: content[id],
        }))}
      />
    </Panel>
  );
}

function Ways() {
  const t = useText();
  useStore(project);
  const dataset = useStore(datasets, (state) => state.selected);
  // Members are of the data set that is being worked on.
  useEffect(() => {
    const [first] = nodesOnPage(combine.getState().members);
    if (first && first.dataset !== dataset) setMembers([]);
  }, [dataset]);
  if (candidates(dataset).length > 1) return <WaysView key={dataset} />;
  return (
    <EmptyState title={t('combine.needTwo')} text={t('combine.needTwoHelp')}>
      <div className={styles.choices}>
        <Button onClick={() => setTab('train')}>{t('optimize.goTrain')}</Button>
        <Button variant="default" onClick={() => setCombineView('make')}>
          {t('combine.trainMembers')}
        </Button>
        <Button variant="default" onClick={() => setCombineView('trees')}>
          {t('combine.growTrees')}
        </Button>
      </div>
    </EmptyState>
  );
}

function Makings() {
  const t = useText();
  const state = useStore(project);
  const dataset = useStore(datasets, ({ selected }) => selected);
  if (networksIn(state, dataset).length > 0) return <MakingsView />;
  return (
    <EmptyState title={t('combine.needOne')} text={t('combine.needOneHelp')}>
      <Button onClick={() => setTab('train')}>{t('optimize.goTrain')}</Button>
    </EmptyState>
  );
}
