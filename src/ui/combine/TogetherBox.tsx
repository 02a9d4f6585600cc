/** What the choice as it stands would give on validation, beside the best member alone; follows every slider. */
import { useStore } from 'zustand';
import { combine } from '#stores/combine';
import type { CombineState, ModelNode } from '#stores/state';
import styles from '#ui/combine/combine.module.css';
import { signedPoints } from '#ui/kit/changes.ts';
import { Help } from '#ui/kit/Layout.tsx';
import { Stat, Stats } from '#ui/kit/Stat.tsx';
import { useThrottledPart } from '#ui/kit/use-throttled.ts';
import { useFormat, useText } from '#ui/kit/words.ts';
import type { CombinePreview } from '#worker/protocol-ensembles';

const previewOf = (state: CombineState) => state.preview;

export function TogetherBox({ members }: { members: readonly ModelNode[] }) {
  const t = useText();
  const format = useFormat();
  const preview = useThrottledPart(combine, previewOf);
  // What is shown comes at its own pace: until it is the latest answer, another one is on its way.
  const isBehind = useStore(combine, (state) => state.previewing || state.preview !== preview);
  const best = preview ? bestOf(preview.members.map(({ value }) => value)) : -1;
  const alone = preview?.members[best]?.value;
  const most = Math.max(...members.map(({ summary }) => summary.macs));
  return (
    <section className={styles.together} aria-busy={isBehind} aria-label={t('combine.now')}>
      {preview ? (
        <>
          <Stats>
            <Stat
              label={t('combine.accuracy')}
              value={<span data-testid="together">{format.percent(preview.validation.value)}</span>}
              raw={preview.validation.value}
              note={format.range(preview.validation.low, preview.validation.high, 1)}
            />
            {alone !== undefined && (
              <Stat
                label={t('combine.againstBest')}
                value={t('combine.gain', { difference: signedPoints(preview.validation.value - alone, format) })}
                raw={preview.validation.value - alone}
                note={`${members[best]?.name ?? ''} ${format.percent(alone)}`}
              />
            )}
            <Stat
              label={t('combine.meanMacs')}
              value={format.short(Math.round(preview.macs))}
              raw={preview.macs}
              {...(preview.curve && most > 0
                ? { note: t('combine.cascade.work', { share: format.percent(preview.macs / most, 0) }) }
                : {})}
            />
          </Stats>
          <Help>
            {t('combine.onImages', {
              images: format.count(preview.validation.images),
              low: format.percent(preview.validation.low),
              high: format.percent(preview.validation.high),
            })}
          </Help>
        </>
      ) : (
        <Help>{t('combine.asking')}</Help>
      )}
    </section>
  );
}

/** The same at a glance, for whoever moves a slider far from the box. */
export function Glance({ preview }: { preview: CombinePreview }) {
  const t = useText();
  const format = useFormat();
  const { validation, members } = preview;
  const gained = validation.value - Math.max(...members.map(({ value }) => value));
  return (
    <p className={styles.glance} aria-hidden="true">
      <b>{format.percent(validation.value)}</b>
      <span>{t('combine.gain', { difference: signedPoints(gained, format) })}</span>
    </p>
  );
}

/** The first of the largest; -1 of none. */
export function bestOf(values: readonly number[]): number {
  return values.reduce((best, value, at) => (best < 0 || value > (values[best] as number) ? at : best), -1);
}
