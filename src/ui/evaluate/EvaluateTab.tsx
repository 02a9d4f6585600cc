/** The Evaluate tab: which model, on which images, and what is found of it: errors, classes, confidence, beside another. */
import { Button } from '@mantine/core';
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { datasetFacts } from '#core/datasets';
import {
  askAgain,
  evaluate,
  examinationOf,
  examineQuestion,
  mustAsk,
  setEvaluateView,
  setSplit,
  watchEvaluation,
} from '#stores/evaluate';
import { project, select } from '#stores/project';
import type { EvaluateView, ModelNode } from '#stores/state';
import { setTab } from '#stores/view';
import { AskFirst } from '#ui/evaluate/AskFirst.tsx';
import { ClassesView } from '#ui/evaluate/ClassesView.tsx';
import { CompareView } from '#ui/evaluate/CompareView.tsx';
import { ConfidenceView } from '#ui/evaluate/ConfidenceView.tsx';
import { ConfusionView } from '#ui/evaluate/ConfusionView.tsx';
import { Verdict } from '#ui/evaluate/Verdict.tsx';
import { EmptyState, Notice, ProgressLine } from '#ui/kit/Feedback.tsx';
import { SelectField } from '#ui/kit/Fields.tsx';
import { Fields, Help, Panel } from '#ui/kit/Layout.tsx';
import { Views } from '#ui/kit/Views.tsx';
import { useText, useWords } from '#ui/kit/words.ts';
import { Begin } from '#ui/predictor/Begin.tsx';
import { NeedsData } from '#ui/predictor/NeedsData.tsx';
import type { ExaminedSplit, ExamineResult } from '#worker/protocol-evaluation';

const SPLITS = ['validation', 'test'] as const satisfies readonly ExaminedSplit[];
const VIEWS = ['confusion', 'classes', 'confidence', 'compare'] as const satisfies readonly EvaluateView[];

export function EvaluateTab() {
  const t = useText();
  const { nodes, order, selected } = useStore(project);
  const split = useStore(evaluate, (state) => state.split);
  const node = selected === null ? undefined : nodes[selected];
  const last = order.findLast((id) => nodes[id]?.origin.kind !== 'template') ?? order.at(-1);
  useEffect(watchEvaluation, []);
  // There is always something to look at where there is any model.
  useEffect(() => {
    if (!node && last !== undefined) select(last);
  }, [node, last]);
  if (order.length === 0) {
    return (
      <Panel title={t('evaluate.title')} intro={t('evaluate.intro')}>
        <EmptyState title={t('evaluate.noModel')} text={t('evaluate.noModelHelp')}>
          <Begin />
        </EmptyState>
      </Panel>
    );
  }
  if (!node) return null;
  return (
    <Panel title={t('evaluate.title')} isQuiet>
      <Fields>
        <SelectField
          label={t('evaluate.model')}
          value={node.id}
          onChange={select}
          choices={order.map((id) => ({ value: id, label: nodes[id]?.name ?? id }))}
        />
        <SelectField
          label={t('evaluate.split')}
          value={split}
          onChange={(part) => setSplit(part as ExaminedSplit)}
          choices={SPLITS.map((part) => ({ value: part, label: t(`evaluate.splits.${part}`) }))}
        />
      </Fields>
      {node.dataset && <Looks dataset={node.dataset} />}
      <Examined node={node} split={split} />
    </Panel>
  );
}

/** How often the test images were looked at, whatever for. */
function Looks({ dataset }: { dataset: NonNullable<ModelNode['dataset']> }) {
  const t = useText();
  const words = useWords();
  const count = useStore(project, (state) => state.looks[dataset] ?? 0);
  const name = words(datasetFacts(dataset).words.title);
  return (
    <div data-looks={count}>
      <Help>
        {count === 0 ? t('evaluate.noLooks', { dataset: name }) : t('evaluate.looks', { count, dataset: name })}
      </Help>
    </div>
  );
}

function Examined({ node, split }: { node: ModelNode; split: ExaminedSplit }) {
  const t = useText();
  useStore(evaluate);
  if (node.origin.kind === 'template') {
    return (
      <Notice level="info" text={t('evaluate.untrained')}>
        <Button size="xs" variant="default" mt="xs" onClick={() => setTab('train')}>
          {t('evaluate.goTrain')}
        </Button>
      </Notice>
    );
  }
  const question = examineQuestion(node, split);
  if (!question) return <NeedsData node={node} text={t('evaluate.noData')} />;
  const result = examinationOf(node, split);
  if (!result && mustAsk(question)) return <AskFirst question={question} action={t('evaluate.look')} />;
  return (
    <>
      <Progress />
      {result && (
        <>
          <Verdict node={node} split={split} result={result} />
          <Parts node={node} split={split} result={result} />
        </>
      )}
    </>
  );
}

function Parts({ node, split, result }: { node: ModelNode; split: ExaminedSplit; result: ExamineResult }) {
  const t = useText();
  const view = useStore(evaluate, (state) => state.view);
  const content = (id: EvaluateView) => () => {
    switch (id) {
      case 'confusion':
        return <ConfusionView node={node} split={split} result={result} />;
      case 'classes':
        return <ClassesView node={node} result={result} />;
      case 'confidence':
        return <ConfidenceView split={split} result={result} />;
      case 'compare':
        return <CompareView node={node} split={split} />;
      default:
        throw id satisfies never;
    }
  };
  return (
    <Views
      label={t('evaluate.views.label')}
      value={view}
      onChange={setEvaluateView}
      views={VIEWS.map((id) => ({ id, name: t(`evaluate.views.${id}`), content: content(id) }))}
    />
  );
}

/** How far the measurement is that is going on, or why it failed. */
function Progress() {
  const t = useText();
  const words = useWords();
  const running = useStore(evaluate, (state) => state.running);
  const fault = useStore(evaluate, (state) => state.fault?.fault);
  return (
    <>
      {running && <ProgressLine label={t('evaluate.running')} done={running.done} />}
      {fault && (
        <Notice level="error" text={words(fault.words)} hint={fault.hint && words(fault.hint)}>
          <Button size="xs" variant="default" mt="xs" onClick={askAgain}>
            {t('evaluate.again')}
          </Button>
        </Notice>
      )}
    </>
  );
}
