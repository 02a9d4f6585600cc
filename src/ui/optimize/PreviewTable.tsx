/**
 * What the sliders' position would give, beside what the model is now: sizes at once (bytes with ≈ until they are counted),
 * accuracy with its own interval, and how much it changes with the interval of that.
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
import type { Interval } from '#worker/protocol';

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
              <td data-value={validation?.value}>
                <Share measured={validation} />
              </td>
              <td data-value={accuracy?.value} data-testid="estimate">
                <Share measured={accuracy} />
              </td>
              <td className={styles.change}>{accuracy && <Points change={accuracy.change} />}</td>
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

/** An accuracy with the interval that the table of models shows of it. */
function Share({ measured }: { measured: Interval | null }) {
  const format = useFormat();
  if (!measured) return '–';
  return (
    <>
      {format.percent(measured.value)}
      <span className={styles.sub}>{format.range(measured.low, measured.high, 1)}</span>
    </>
  );
}

/** The change as it was seen image by image: less uncertain than either accuracy. */
function Points({ change }: { change: Interval }) {
  const t = useText();
  const format = useFormat();
  const [low, high] = [signedPoints(change.low, format), signedPoints(change.high, format)];
  return (
    <>
      {t('optimize.points', { difference: signedPoints(change.value, format) })}
      <span className={styles.sub}>{t('optimize.pointsRange', { low, high })}</span>
    </>
  );
}
