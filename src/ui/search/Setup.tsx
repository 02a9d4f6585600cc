/** Setting a search up: what may change, how candidates are found and judged, and how much work that is. */
import { Button } from '@mantine/core';
import { useStore } from 'zustand';
import { datasetFacts } from '#core/datasets';
import { halvingCost, halvingRounds, leastBudget } from '#core/search/halving';
import type { SearchPlan } from '#core/search/plan';
import { gridSize } from '#core/search/space';
import { build } from '#stores/build';
import { datasets, nodeFits } from '#stores/datasets';
import { project } from '#stores/project';
import { isBusy, startSearch } from '#stores/search';
import { planOf, search, setMode } from '#stores/search-setup';
import { training } from '#stores/training';
import { Notice } from '#ui/kit/Feedback.tsx';
import { Actions, Help, Section } from '#ui/kit/Layout.tsx';
import { whenNumbersFit } from '#ui/kit/numbers-fit.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { Judging } from '#ui/search/Judging.tsx';
import { Methods } from '#ui/search/Methods.tsx';
import { modeOf } from '#ui/search/mode.ts';
import { SpaceEditor } from '#ui/search/SpaceEditor.tsx';

/** Models in one search: a browser tab does not stay open for more. */
const MOST = 2000;

export function Setup({ mode }: { mode: 'network' | 'recipe' }) {
  const t = useText();
  const words = useWords();
  const draft = useStore(search, (state) => state.drafts[mode]);
  const name = useStore(build, (state) => state.architecture.name);
  const dataset = useStore(datasets, (state) => state.selected);
  const node = useStore(project, ({ nodes, selected }) => (selected === null ? null : (nodes[selected] ?? null)));
  const epochs = useStore(training, (state) => state.settings.epochs);
  const canBegin = mode === 'network' || (node !== null && isModel(node.summary) && nodeFits(node, dataset));
  const plan = planOf(mode);
  const work = plan && canBegin ? workIn(plan) : null;
  const isTooMuch = work !== null && work.runs > MOST;
  return (
    <>
      <Help>
        {mode === 'network'
          ? t('search.intros.network', { name, epochs, dataset: words(datasetFacts(dataset).words.title) })
          : t('search.intros.recipe')}
      </Help>
      {!canBegin && <Notice level="info" text={t('search.noModel')} />}
      {mode === 'recipe' && <Methods mode={mode} draft={draft} />}
      <SpaceEditor mode={mode} draft={draft} />
      {mode === 'network' && <Methods mode={mode} draft={draft} />}
      <Judging mode={mode} draft={draft} />
      <Section>
        {work && <WorkLine work={work} />}
        {isTooMuch && <Notice level="info" text={t('search.tooMany', { most: MOST })} />}
        <StartOrElse disabled={!work || isTooMuch || work.runs === 0} onStart={() => void startSearch(mode)} />
      </Section>
    </>
  );
}

/** The button; while another search is going on, the way to it. */
export function StartOrElse({ disabled, label, onStart }: { disabled: boolean; label?: string; onStart: () => void }) {
  const t = useText();
  const job = useStore(search, (state) => state.job);
  if (job && isBusy())
    return (
      <Notice level="info" text={t('search.elsewhere')}>
        <Button size="xs" variant="default" onClick={() => setMode(modeOf(job))}>
          {t('search.showIt')}
        </Button>
      </Notice>
    );
  return (
    <Actions>
      <Button disabled={disabled} onClick={whenNumbersFit(onStart)}>
        {label ?? t('search.start')}
      </Button>
    </Actions>
  );
}

/** Ensembles and trees have no layers for methods to work on. */
function isModel({ kind }: { readonly kind?: string | undefined }): boolean {
  return kind === undefined || kind === 'model';
}

interface Work {
  readonly candidates: number;
  readonly runs: number;
  /** Null where only the methods train. */
  readonly epochs: number | null;
}

/** At most: a space may have fewer candidates than are asked for. */
function workIn({ base, dimensions, strategy, folds, seeds }: SearchPlan): Work {
  const size = gridSize(dimensions);
  const isListed = dimensions.every(({ kind }) => kind === 'list');
  const candidates = strategy.kind === 'grid' ? size : isListed ? Math.min(size, strategy.trials) : strategy.trials;
  const each = seeds.length * Math.max(1, folds);
  if (strategy.kind === 'halving') {
    const { budget, eta, anew } = strategy;
    const rounds = halvingRounds(candidates, Math.max(budget, leastBudget(candidates, eta)), eta, anew);
    // What begins anew is a run in every round.
    const runs = anew ? rounds.reduce((sum, round) => sum + round.candidates, 0) : candidates;
    return { candidates, runs: runs * each, epochs: halvingCost(rounds, anew) * each };
  }
  const runs = candidates * each;
  const isSearched = dimensions.some(({ target }) => target.of === 'training' && target.key === 'epochs');
  return { candidates, runs, epochs: base.training && !isSearched ? runs * base.training.epochs : null };
}

function WorkLine({ work }: { work: Work }) {
  const t = useText();
  const format = useFormat();
  const { candidates, runs, epochs } = work;
  const counted = { candidates: format.count(candidates), runs: format.count(runs) };
  return (
    <Help>
      {epochs === null
        ? t('search.summaryPlain', counted)
        : t('search.summary', { ...counted, epochs: format.count(epochs) })}
    </Help>
  );
}
