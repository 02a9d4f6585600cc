/**
 * What the sliders' position would give, beside what the model is now: sizes at once (bytes with ≈ until they are counted),
 * accuracy with its own interval, and how much it changes with the interval of that, which is seen image by image.
 */
import { useStore } from 'zustand';
import { NO_CHANGE, UNCHANGED } from '#stores/applying';
import { optimize } from '#stores/optimize';
import type { ModelNode, OptimizeState } from '#stores/state';
import { changeOf, signedPoints } from '#ui/kit/changes.ts';
import { Notice } from '#ui/kit/Feedback.tsx';
import { Help } from '#ui/kit/Layout.tsx';
import { Term } from '#ui/kit/Term.tsx';
import { useThrottledPart } from '#ui/kit/use-throttled.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { AxisHint } from '#ui/optimize/AxisHint.tsx';
import styles from '#ui/optimize/optimize.module.css';
import { Packed } from '#ui/optimize/Packed.tsx';

const previewOf = (state: OptimizeState) => state.preview;

interface PreviewProps {
  readonly node: ModelNode;
  /** Its accuracy is known after Apply only. */
  readonly structureOnly: boolean;
  readonly trains: boolean;
}

export function PreviewTable({ node, structureOnly, trains }: PreviewProps) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const previewing = useStore(optimize, (state) => state.previewing);
  const preview = useThrottledPart(optimize, previewOf);
  // Apply has said it then.
  const isTold = useStore(optimize, ({ fault }) => fault?.code === UNCHANGED);
  const { summary, validation } = node;
  const unchanged = preview?.unchanged;
  const why = unchanged?.length === 0 ? [NO_CHANGE] : unchanged;
  const rows = [
    { key: 'parameters', term: 'parameter', show: format.count, now: summary.parameters, next: preview?.parameters },
    { key: 'nonZero', term: 'nonZero', show: format.count, now: summary.nonZero, next: preview?.nonZero },
    { key: 'bytes', term: null, show: format.bytes, now: summary.bytes, next: preview?.bytes },
    { key: 'macs', term: 'macs', show: format.short, now: summary.macs, next: preview?.macs },
  ] as const;
  const isEstimate = preview?.isWritten === false;
  const accuracy = preview?.accuracy ?? null;
  return (
    <div className={styles.preview} aria-busy={previewing}>
      <table className={styles.table}>
        <thead>
          <tr>
            <td />
            <th scope="col">{t('optimize.before')}</th>
            <th scope="col">{t('optimize.after')}</th>
            <th scope="col">{t('optimize.change')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, term, show, now, next }) => (
            <tr key={key}>
              <th scope="row">
                {term ? <Term id={term}>{t(`optimize.rows.${key}`)}</Term> : t(`optimize.rows.${key}`)}
              </th>
              <td data-value={now}>{show(now)}</td>
              <td data-value={next}>
                {key === 'bytes' && isEstimate && '≈ '}
                {next === undefined ? '–' : show(next)}
              </td>
              <td className={styles.change}>{next === undefined ? '' : changeOf(next / now, format)}</td>
            </tr>
          ))}
          {!structureOnly && (
            <tr>
              <th scope="row">
                <Term id="validation">{t('optimize.rows.accuracy')}</Term>
              </th>
              <td data-value={validation?.value}>{validation ? format.percent(validation.value) : '–'}</td>
              <td data-value={accuracy?.value} data-testid="estimate">
                {accuracy ? format.percent(accuracy.value) : '–'}
                {accuracy && <span className={styles.sub}>{format.range(accuracy.low, accuracy.high, 1)}</span>}
              </td>
              <td className={styles.change}>
                {accuracy ? t('optimize.points', { difference: signedPoints(accuracy.change.value, format) }) : ''}
              </td>
            </tr>
          )}
        </tbody>
      </table>
      {structureOnly && !unchanged && (
        <Help>{t(trains ? 'optimize.structureOnly' : 'optimize.structureUntrained')}</Help>
      )}
      {why && !isTold && <Notice level="info" text={why.map((one) => <div key={one.en}>{words(one)}</div>)} />}
      {accuracy && (
        <Help>
          {t(validation && accuracy.images >= validation.images ? 'optimize.full' : 'optimize.estimate', {
            images: format.count(accuracy.images),
            low: signedPoints(accuracy.change.low, format),
            high: signedPoints(accuracy.change.high, format),
          })}
        </Help>
      )}
      {preview?.asFloats && <Packed asFloats={preview.asFloats} bytes={preview.packedBytes} />}
      {preview && <AxisHint summary={summary} preview={preview} />}
      {/* Its place stays when the bytes are counted, so that nothing below moves whenever the slider rests. */}
      {(preview || previewing) && (
        <div style={{ visibility: isEstimate ? 'visible' : 'hidden' }}>
          <Help>{t(structureOnly ? 'optimize.bytesOnApply' : 'optimize.bytesAtRest')}</Help>
        </div>
      )}
    </div>
  );
}
