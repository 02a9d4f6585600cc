/** One cell of the map in full: accuracy, the difference with its interval, and taking the change up as a method. */
import { Button } from '@mantine/core';
import { type Degradation, degradingStep } from '#core/sensitivity';
import { takeStep } from '#stores/optimize';
import type { ModelNode } from '#stores/state';
import { setOptimizeView } from '#stores/view';
import { signedPoints } from '#ui/kit/changes.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { showLevel } from '#ui/optimize/sensitivity/levels.ts';
import styles from '#ui/optimize/sensitivity/sensitivity.module.css';
import type { SensitivityCell } from '#worker/protocol';

interface DetailProps {
  readonly node: ModelNode;
  readonly degradation: Degradation;
  readonly cell: SensitivityCell;
}

export function CellDetail({ node, degradation, cell }: DetailProps) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const { layer: name, level, alone, reason } = cell;
  const layer = node.summary.layers.find((one) => one.name === name);
  const step = layer && degradingStep(degradation, layer, level);
  return (
    <section className={styles.detail} aria-live="polite">
      <h3 className={styles.detailTitle}>
        {t('sensitivity.cell', { layer: name, level: showLevel(degradation, level, format) })}
      </h3>
      {alone ? (
        <>
          <p>
            {t('sensitivity.detail', {
              accuracy: format.percent(alone.accuracy.value),
              images: format.count(alone.images),
              range: format.range(alone.accuracy.low, alone.accuracy.high),
            })}
          </p>
          <p>
            {t('sensitivity.paired', {
              difference: signedPoints(alone.difference.value, format),
              low: signedPoints(alone.difference.low, format),
              high: signedPoints(alone.difference.high, format),
            })}
          </p>
        </>
      ) : (
        reason && <p>{words(reason)}</p>
      )}
      {step && alone && (
        <div>
          <Button
            size="xs"
            variant="default"
            onClick={() => {
              takeStep(step);
              setOptimizeView('method');
            }}
          >
            {t('sensitivity.use')}
          </Button>
        </div>
      )}
    </section>
  );
}
