/** What each layer of the model alone costs at each level: measured on demand, as a map, as curves, and as a way on. */
import { Button } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { datasetFacts } from '#core/datasets';
import { type Degradation, LEVELS } from '#core/sensitivity';
import { nodeFits } from '#stores/datasets';
import { proposeSteps } from '#stores/recipes';
import {
  budgetSteps,
  layersFor,
  layersLeft,
  measure,
  scanKey,
  sensitivity,
  setBudget,
  setDegradation,
  setImages,
  stopMeasuring,
  withinBudget,
} from '#stores/sensitivity';
import type { ModelNode } from '#stores/state';
import { Notice, ProgressLine } from '#ui/kit/Feedback.tsx';
import { SelectField, SliderField } from '#ui/kit/Fields.tsx';
import { Actions, Fields, More, Text } from '#ui/kit/Layout.tsx';
import { useThrottledStore } from '#ui/kit/use-throttled.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { CellDetail } from '#ui/optimize/sensitivity/CellDetail.tsx';
import { HeatMap, type Place } from '#ui/optimize/sensitivity/HeatMap.tsx';
import { Hurts } from '#ui/optimize/sensitivity/Hurts.tsx';
import { Numbers } from '#ui/optimize/sensitivity/Numbers.tsx';
import { baseOf, SeenOn } from '#ui/optimize/sensitivity/SeenOn.tsx';
import styles from '#ui/optimize/sensitivity/sensitivity.module.css';
import { NeedsData } from '#ui/predictor/NeedsData.tsx';

const Curves = lazy(() => import('#ui/optimize/sensitivity/Curves.tsx'));
const KINDS = ['sparsity', 'bits', 'rank'] as const satisfies readonly Degradation[];
const IMAGES = [250, 1000, 4000] as const;

export function SensitivityView({ node }: { node: ModelNode }) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const state = useThrottledStore(sensitivity);
  const [chosen, setChosen] = useState<Place | null>(null);
  const { degradation, images, budget, scans, running, fault } = state;
  if (!node.dataset || !nodeFits(node, node.dataset)) return <NeedsData node={node} text={t('sensitivity.noData')} />;

  const total = datasetFacts(node.dataset).sizes.validation;
  const layers = layersFor(node, degradation).map(({ name }) => name);
  const levels = LEVELS[degradation];
  const key = scanKey(node, state);
  const cells = scans[key] ?? [];
  const seen = cells.find(({ alone }) => alone)?.alone;
  const isWhole = layersLeft(node, degradation, cells).length === 0;
  const isRunning = running?.key === key;
  const outlined = withinBudget(cells, levels, budget);
  const cell = chosen && cells.find(({ layer, level }) => layer === chosen.layer && level === chosen.level);
  const label = degradation === 'bits' ? format.count : (level: number) => format.percent(level, 0);
  return (
    <>
      <Text>{t('sensitivity.intro')}</Text>
      <Fields>
        <SelectField
          label={t('sensitivity.kind')}
          value={degradation}
          disabled={running !== null}
          choices={KINDS.map((kind) => ({ value: kind, label: t(`sensitivity.kinds.${kind}`) }))}
          onChange={(kind) => {
            setDegradation(kind as Degradation);
            setChosen(null);
          }}
        />
        <SelectField
          label={t('sensitivity.images')}
          value={String(Math.min(images, total))}
          disabled={running !== null}
          choices={[
            ...IMAGES.filter((count) => count < total).map((count) => ({
              value: String(count),
              label: format.count(count),
            })),
            { value: String(total), label: t('sensitivity.allImages', { images: format.count(total) }) },
          ]}
          onChange={(count) => setImages(Number(count))}
        />
      </Fields>
      {layers.length === 0 ? (
        <Notice level="info" text={t('sensitivity.noLayers')} />
      ) : (
        <>
          {fault && <Notice level="error" text={words(fault.words)} hint={fault.hint && words(fault.hint)} />}
          <div className={styles.state}>
            {isRunning ? (
              <>
                <ProgressLine label={t('sensitivity.running')} done={running.done} />
                <Button variant="default" onClick={stopMeasuring}>
                  {t('sensitivity.stop')}
                </Button>
              </>
            ) : isWhole ? (
              seen && (
                <p className={styles.quiet}>
                  <SeenOn base={node} alone={seen} />
                </p>
              )
            ) : (
              <Button disabled={running !== null} onClick={() => void measure()}>
                {cells.length > 0
                  ? t('sensitivity.again')
                  : t('sensitivity.measure', { layers: layers.length, levels: levels.length })}
              </Button>
            )}
          </div>
          <div className={styles.maps}>
            <HeatMap
              degradation={degradation}
              layers={layers}
              cells={cells}
              outlined={outlined}
              chosen={chosen}
              onChoose={setChosen}
            />
            <p className={styles.axis}>{t(`sensitivity.levels.${degradation}`)}</p>
          </div>
          {cell && <CellDetail node={node} degradation={degradation} cell={cell} />}
          {cells.length > 0 && (
            <>
              <SliderField
                label={t('sensitivity.budget')}
                help={t('sensitivity.budgetHelp')}
                value={budget * 100}
                min={0}
                max={5}
                step={0.1}
                show={(points) => t('optimize.points', { difference: format.number(points, 1) })}
                onChange={(points) => setBudget(points / 100)}
              />
              <Actions>
                <Button
                  variant="default"
                  disabled={!isWhole || outlined.size === 0}
                  onClick={() => proposeSteps(budgetSteps(node, degradation, outlined))}
                >
                  {t('sensitivity.makeRecipe')}
                </Button>
              </Actions>
              <Suspense fallback={<div className={styles.plot} />}>
                <Curves
                  degradation={degradation}
                  layers={layers}
                  cells={cells}
                  base={seen ? baseOf(seen) : null}
                  chosen={chosen?.layer ?? null}
                />
              </Suspense>
              <More summary={t('sensitivity.asTable')}>
                <Numbers layers={layers} levels={levels} cells={cells} show={label} />
              </More>
            </>
          )}
        </>
      )}
      <Hurts node={node} />
    </>
  );
}
