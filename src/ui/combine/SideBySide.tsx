/**
 * Members, the ensemble, and single models that learned from it, side by side: how often each is right, and what each costs.
 * Two lines a model, its name above its figures, so that it can be read on a phone as well.
 */
import { select } from '#stores/project';
import type { ModelNode } from '#stores/state';
import styles from '#ui/combine/lines.module.css';
import { Mark, type MarkKind } from '#ui/kit/Mark.tsx';
import { Term } from '#ui/kit/Term.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';
import type { Accuracy, LatencyResult } from '#worker/protocol';

export interface Line {
  readonly id: string;
  readonly role: 'member' | 'ensemble' | 'student' | 'before' | 'soup';
  readonly name: string;
  readonly mark: MarkKind;
  readonly test: Accuracy | null;
  readonly validation: Accuracy | null;
  /** Null for a member that is no longer on the page: only its accuracy is known. */
  readonly size: Pick<ModelNode['summary'], 'parameters' | 'bytes' | 'macs'> | null;
  readonly latency: LatencyResult | null;
  /** The node on the page; null where there is none. */
  readonly node: string | null;
}

export function SideBySide({ lines, caption }: { lines: readonly Line[]; caption: string }) {
  const t = useText();
  const format = useFormat();
  const best = Math.max(...lines.map(({ test }) => test?.value ?? 0));
  return (
    <table className={styles.lines}>
      <caption className="w-hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{t('combine.lines.test')}</th>
          <th scope="col">
            <Term id="parameter">{t('combine.lines.parameters')}</Term>
          </th>
          <th scope="col">{t('combine.lines.bytes')}</th>
          <th scope="col">
            <Term id="macs">{t('unit.macs')}</Term>
          </th>
          <th scope="col">
            <Term id="latency">{t('unit.millisecond')}</Term>
          </th>
        </tr>
      </thead>
      {lines.map(({ id, role, name, mark, test, validation, size, latency, node }) => (
        <tbody key={id} data-role={role}>
          <tr>
            <th scope="rowgroup" colSpan={5}>
              <span className={styles.lineName}>
                <Mark kind={mark} />
                {node === null ? (
                  <span>{name}</span>
                ) : (
                  <button type="button" className={styles.link} onClick={() => select(node)}>
                    {name}
                  </button>
                )}
                <span className={styles.role}>{t(`combine.lines.roles.${role}`)}</span>
              </span>
            </th>
          </tr>
          <tr>
            <td data-column="test" data-value={test?.value} title={validation ? validationOf(validation) : undefined}>
              {test ? test.value === best ? <b>{format.percent(test.value)}</b> : format.percent(test.value) : '–'}
              {test && <span className={styles.sub}>{format.range(test.low, test.high, 1)}</span>}
            </td>
            <td data-column="parameters" data-value={size?.parameters}>
              {size ? format.short(size.parameters) : '–'}
            </td>
            <td data-column="bytes" data-value={size?.bytes}>
              {size ? format.bytes(size.bytes) : '–'}
            </td>
            <td data-column="macs" data-value={size?.macs}>
              {size ? format.short(Math.round(size.macs)) : '–'}
            </td>
            <td data-column="latency" data-value={latency?.medianMs}>
              {latency
                ? format.number(latency.medianMs, latency.medianMs < 0.1 ? 4 : latency.medianMs < 10 ? 2 : 0)
                : '–'}
            </td>
          </tr>
        </tbody>
      ))}
    </table>
  );

  function validationOf({ value, low, high }: Accuracy): string {
    return `${t('models.columns.validation')} ${format.percent(value)} (${format.range(low, high, 1)})`;
  }
}
