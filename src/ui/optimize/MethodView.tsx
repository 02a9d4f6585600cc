/** One method: which, its sliders, what they would give, what is worth knowing about it, and Apply. */
import { Button } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { useStore } from 'zustand';
import { refusal } from '#core/effects';
import { clampValues, type Values, type Words } from '#core/params';
import { passById } from '#core/passes/index';
import { trainsWith } from '#core/recipe';
import { UNCHANGED } from '#stores/applying';
import { datasets, nodeFits } from '#stores/datasets';
import { inspection, setOpen } from '#stores/inspect';
import { apply, cancelApply, optimize, rest, setMethod, setValue } from '#stores/optimize';
import { project } from '#stores/project';
import { recipes } from '#stores/recipes';
import type { ModelNode, OptimizeState } from '#stores/state';
import { Notice, ProgressLine } from '#ui/kit/Feedback.tsx';
import { Actions, Foot, Text } from '#ui/kit/Layout.tsx';
import { whenNumbersFit } from '#ui/kit/numbers-fit.ts';
import { useMedia, WIDE } from '#ui/kit/use-media.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { Applied } from '#ui/optimize/Applied.tsx';
import { MethodPicker } from '#ui/optimize/MethodPicker.tsx';
import { lacksImages, layersToChoose } from '#ui/optimize/method-facts.ts';
import { PreviewTable } from '#ui/optimize/PreviewTable.tsx';
import { About } from '#ui/param-form/About.tsx';
import { ParamForm } from '#ui/param-form/ParamForm.tsx';
import { NeedsData } from '#ui/predictor/NeedsData.tsx';
import type { TrainProgress } from '#worker/protocol';

const InspectView = lazy(() => import('#ui/inspect/InspectView.tsx'));

export function MethodView({ node }: { node: ModelNode }) {
  const t = useText();
  const words = useWords();
  const { nodes, order } = useStore(project);
  const { method, values, applying, result, fault, preview } = useStore(optimize);
  const loaded = useStore(datasets, (state) => state.loaded);
  const isRunning = useStore(recipes, (state) => state.running !== null);
  const pass = passById(method);
  if (!pass) return null;

  const fits = node.dataset !== null && nodeFits(node, node.dataset);
  const blocked = lacksImages(pass, node);
  const busy = applying !== null || isRunning;
  const set = clampValues(pass.params, values[method] ?? {}) as Values;
  const refused = refusal(node.summary.layers, pass);
  const predictors = [
    { id: '', name: t('optimize.itself') },
    ...order.flatMap((id) => (id !== node.id && nodes[id] ? [{ id, name: nodes[id].name }] : [])),
  ];
  return (
    <>
      <MethodPicker label={t('optimize.method')} value={method} disabled={applying !== null} onChange={setMethod} />
      <Text>{words(pass.words.help)}</Text>
      {preview?.lost && !refused && <Lost lost={preview.lost} reason={pass.effects.reason} />}
      {blocked ? (
        <NeedsData node={node} text={t('optimize.needsData')} />
      ) : (
        <ParamForm
          params={pass.params}
          values={values[method] ?? {}}
          layers={layersToChoose(node.summary)}
          predictors={predictors}
          disabled={applying !== null}
          onChange={(key, value, moving) => setValue(key, value, moving)}
          onRest={rest}
        >
          {!fits && <Notice level="info" text={t('optimize.noFit')} />}
          {fits && node.validation === null && node.origin.kind === 'template' && (
            <Notice level="info" text={t('optimize.untrained')} />
          )}
          {fault && !refused && (
            <Notice
              level={fault.code === UNCHANGED ? 'info' : 'error'}
              text={words(fault.words)}
              hint={fault.hint && words(fault.hint)}
            />
          )}
          {result ? (
            <Applied node={node} result={result} />
          ) : (
            <PreviewTable node={node} structureOnly={pass.preview === 'structure'} trains={trainsWith(pass, set)} />
          )}
        </ParamForm>
      )}
      {!blocked && <Weights node={node} />}
      <About words={pass.words} formula={pass.formula?.(set)} />
      {(applying || !blocked) && (
        <Foot>
          {refused && <Notice level="error" text={words(refused)} />}
          {applying && <Applying {...applying} />}
          <Actions>
            <Button
              onClick={whenNumbersFit(() => void apply())}
              disabled={busy || blocked || refused !== null || (fits && node.dataset !== null && !loaded[node.dataset])}
            >
              {t('optimize.apply')}
            </Button>
            {applying && (
              <Button variant="default" onClick={cancelApply}>
                {t('optimize.cancel')}
              </Button>
            )}
          </Actions>
        </Foot>
      )}
    </>
  );
}

/** What earlier steps achieved and this one would give up, before it is applied. */
function Lost({ lost, reason }: { lost: readonly Words[]; reason: Words | undefined }) {
  const words = useWords();
  return (
    <Notice
      level="info"
      text={lost.map((one) => <div key={one.en}>{words(one)}</div>)}
      hint={reason && words(reason)}
    />
  );
}

/** What it does to the weights; on a wide screen that stands beside the chart, unless it was put away. */
function Weights({ node }: { node: ModelNode }) {
  const t = useText();
  const isWide = useMedia(WIDE);
  const isOpen = useStore(inspection, (state) => state.isOpen);
  if (isWide && isOpen) return null;
  return isWide ? (
    <Actions>
      <Button size="xs" variant="default" onClick={() => setOpen(true)}>
        {t('inspect.title')}
      </Button>
    </Actions>
  ) : (
    <Suspense fallback={null}>
      <InspectView node={node} />
    </Suspense>
  );
}

/** Another model may be selected meanwhile: what is applied to which is said in full. */
function Applying({ method, node, done, train }: NonNullable<OptimizeState['applying']>) {
  const t = useText();
  const words = useWords();
  const name = useStore(project, ({ nodes }) => nodes[node]?.name ?? '');
  const title = passById(method)?.words.title;
  const note = useRunNote(done, train);
  const label = t('optimize.applying', { title: title ? words(title) : method, name });
  return <ProgressLine label={label} done={done} {...(note ? { note } : {})} />;
}

/** How far a run is that trains: "34 % · 9,800 images/s · Time left 12 s". */
export function useRunNote(done: number, train: TrainProgress | null): string | undefined {
  const t = useText();
  const format = useFormat();
  return train
    ? `${format.percent(done, 0)} · ${format.rate(train.imagesPerSecond)} · ${t('train.left')} ${format.duration(train.secondsLeft)}`
    : undefined;
}
