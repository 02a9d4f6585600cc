/**
 * What a method does to the weights of one layer: said in a sentence, drawn as histograms and kernels before and after, and
 * counted. It follows the sliders while it is in sight, and shows a finished model beside the one it was made from.
 */
import { ActionIcon } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { refusal } from '#core/effects';
import { isPrunable } from '#core/model/layers';
import { passById } from '#core/passes/index';
import { trainsWith } from '#core/recipe';
import { comparisonOf, inspection, parentOf, setCompare, setLayer, setOpen, watchInspection } from '#stores/inspect';
import { optimize } from '#stores/optimize';
import type { ModelNode } from '#stores/state';
import { Counts } from '#ui/inspect/Counts.tsx';
import { HistogramCanvas } from '#ui/inspect/HistogramCanvas.tsx';
import styles from '#ui/inspect/inspect.module.css';
import { Kernels } from '#ui/inspect/Kernels.tsx';
import { useSaid, useValue } from '#ui/inspect/said.ts';
import { sentencesOf } from '#ui/inspect/sentence.ts';
import { Notice } from '#ui/kit/Feedback.tsx';
import { SelectField } from '#ui/kit/Fields.tsx';
import { CloseIcon } from '#ui/kit/icons.tsx';
import { Help } from '#ui/kit/Layout.tsx';
import { useThrottledStore } from '#ui/kit/use-throttled.ts';
import { useFormat, useLanguage, useText, useWords } from '#ui/kit/words.ts';
import type { InspectResult } from '#worker/protocol';

/** `isBeside`: it is a panel of its own, and can be put away. */
export default function InspectView({ node, isBeside = false }: { node: ModelNode; isBeside?: boolean }) {
  const t = useText();
  const words = useWords();
  const { layer, shown, fault } = useThrottledStore(inspection);
  // After Apply the new model is compared with its parent.
  useStore(optimize, (state) => state.result !== null);
  const isApplying = useStore(optimize, (state) => state.applying !== null);
  const pass = passById(useStore(optimize, (state) => state.method));
  const trains = useStore(optimize, ({ values }) => {
    const by = passById(shown?.pass ?? '');
    return by !== undefined && trainsWith(by, values[by.id] ?? {});
  });
  const isRefused = pass !== undefined && comparisonOf(node) === 'step' && refusal(node.summary.layers, pass) !== null;
  const box = useRef<HTMLElement>(null);
  const isInSight = useInSight(box);
  useEffect(() => (isInSight ? watchInspection() : undefined), [isInSight]);
  const parent = parentOf(node);
  const layers = shown?.result.layers ?? layersOf(node);
  const found = shown?.result.inspection;
  return (
    <section ref={box} className={styles.view} data-beside={isBeside || undefined} aria-labelledby="inspect-title">
      <div className={styles.head}>
        <h3 className={styles.heading} id="inspect-title">
          {t('inspect.title')}
        </h3>
        {isBeside && (
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={t('inspect.hide')}
            onClick={() => setOpen(false)}
          >
            <CloseIcon size={16} />
          </ActionIcon>
        )}
      </div>
      <div className={styles.fields}>
        {layers.length > 0 && (
          <SelectField
            label={t('inspect.layer')}
            value={found?.layer ?? layer ?? ''}
            choices={layers.map((name) => ({ value: name, label: name }))}
            onChange={setLayer}
          />
        )}
        {parent && (
          <SelectField
            label={t('inspect.compare')}
            value={comparisonOf(node)}
            choices={[
              { value: 'step', label: t('inspect.step') },
              {
                value: 'parent',
                label: node.origin.kind === 'trained' ? t('inspect.untrained') : parent.name,
              },
            ]}
            onChange={(how) => setCompare(how as 'step' | 'parent')}
          />
        )}
      </div>
      {fault && <Notice level="error" text={words(fault.words)} />}
      {shown ? (
        <Found result={shown.result} family={familyOf(node, shown)} trains={trains} />
      ) : (
        !fault && (
          <div className={styles.waiting}>
            <Help>{t(isApplying ? 'inspect.applying' : isRefused ? 'inspect.refused' : 'inspect.waiting')}</Help>
          </div>
        )
      )}
    </section>
  );
}

interface FoundProps {
  readonly result: InspectResult;
  readonly family: Parameters<typeof sentencesOf>[1];
  /** What is sketched will be trained; else its weights are chosen otherwise. */
  readonly trains: boolean;
}

function Found({ result, family, trains }: FoundProps) {
  const t = useText();
  const format = useFormat();
  const value = useValue();
  const say = useSaid();
  const language = useLanguage();
  const { inspection: found, sketch } = result;
  if (!found) return <Help>{t('inspect.noLayer')}</Help>;
  const sentences = sentencesOf(found, family);
  const isSame = sentences.length === 1 && sentences[0]?.key === 'same';
  const said =
    sketch && isSame
      ? t(trains ? 'inspect.sketchSame' : 'inspect.chosenSame')
      : sentences.map(say).join(language === 'zh' ? '' : ' ');
  const { low, high } = found.histogram;
  const range = t('inspect.histogram', { low: value(low), high: value(high) });
  return (
    <>
      <p className={styles.says} aria-live="polite">
        {said}
      </p>
      {sketch && !isSame && <Help>{t(trains ? 'inspect.sketch' : 'inspect.chosen')}</Help>}
      <HistogramCanvas
        found={found}
        texts={{
          before: t('inspect.before'),
          after: t('inspect.after'),
          zeros: (count) => t('inspect.zeros', { number: format.count(count) }),
        }}
        showX={value}
        label={`${range} ${said}`}
      />
      <Kernels found={found} />
      <Counts found={found} />
    </>
  );
}

/** Of the pass that made the difference, where it was one. */
function familyOf(
  { origin }: ModelNode,
  shown: { readonly by: 'step' | 'model'; readonly pass: string | null },
): Parameters<typeof sentencesOf>[1] {
  if (shown.by === 'step') return passById(shown.pass ?? '')?.family ?? null;
  if (origin.kind === 'trained') return 'training';
  const [only, ...others] = origin.kind === 'recipe' ? origin.recipe.steps : [];
  return others.length === 0 ? (passById(only?.pass ?? '')?.family ?? null) : null;
}

function layersOf({ summary }: ModelNode): readonly string[] {
  return summary.layers.filter(({ kind }) => isPrunable({ kind }, 'kernel')).map(({ name }) => name);
}

/** Whether any of it can be seen; true where that cannot be found out. */
function useInSight(box: React.RefObject<HTMLElement | null>): boolean {
  const [isInSight, setInSight] = useState(typeof IntersectionObserver === 'undefined');
  useEffect(() => {
    if (!box.current || typeof IntersectionObserver === 'undefined') return;
    const watch = new IntersectionObserver(([entry]) => setInSight(entry?.isIntersecting ?? false), {
      rootMargin: '200px',
    });
    watch.observe(box.current);
    return () => watch.disconnect();
  }, [box]);
  return isInSight;
}
