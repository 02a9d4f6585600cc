/**
 * How differently members err, pair by pair: a small heat table, each cell with both measures in figures, and in a sentence
 * the pair that differs most and the pair that is most alike.
 */
import type { CSSProperties } from 'react';
import styles from '#ui/combine/pairs.module.css';
import { toldApart } from '#ui/combine/way-shapes.ts';
import { Help } from '#ui/kit/Layout.tsx';
import { Term } from '#ui/kit/Term.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';
import type { CombineResult } from '#worker/protocol-ensembles';

type Pairs = Pick<CombineResult, 'disagreement' | 'q'>;
interface Pair {
  readonly first: number;
  readonly second: number;
  /** 0 to 1. */
  readonly disagreement: number;
  /** -1 to 1; null where it is not defined. */
  readonly q: number | null;
}

/** Every pair once, first < second. */
export function pairsOf({ disagreement, q }: Pairs): readonly Pair[] {
  return disagreement.flatMap((row, first) =>
    row.flatMap((share, second) =>
      second > first ? [{ first, second, disagreement: share, q: q[first]?.[second] ?? null }] : [],
    ),
  );
}

export type Likeness = 'same' | 'together' | 'independent' | 'apart' | 'undefined';

/** Q in words: what it says about two members' errors. */
export function likenessOf(q: number | null): Likeness {
  if (q === null || Number.isNaN(q)) return 'undefined';
  if (q > 0.95) return 'same';
  if (q > 0.3) return 'together';
  return q >= -0.3 ? 'independent' : 'apart';
}

/** 0 for a pair that never differs to 1 for the pair that differs most, or on a fifth of the images where none does so. */
export function warmth(disagreement: number, most: number): number {
  return Math.min(1, disagreement / Math.max(most, 0.02));
}

export function PairTable({ names: whole, pairs }: { names: readonly string[]; pairs: Pairs }) {
  const t = useText();
  const format = useFormat();
  const names = toldApart(whole);
  const all = pairsOf(pairs);
  const most = Math.max(0, ...all.map(({ disagreement }) => disagreement));
  const nameOf = (member: number) => names[member] ?? String(member + 1);
  const share = (value: number) => format.percent(value, value < 0.0995 ? 1 : 0);
  const told = (pair: Pair) =>
    t('combine.pairs.cell', {
      first: nameOf(pair.first),
      second: nameOf(pair.second),
      share: share(pair.disagreement),
      words: t(`combine.pairs.likeness.${likenessOf(pair.q)}`),
    });
  const sorted = [...all].sort((a, b) => b.disagreement - a.disagreement);
  const [first, last] = [sorted[0], sorted.at(-1)];
  return (
    <div className={styles.block}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section className={styles.wide} tabIndex={0} aria-label={t('combine.pairs.title')}>
        <table className={styles.pairs}>
          <thead>
            <tr>
              <td />
              {names.slice(0, -1).map((name, column) => (
                <th key={`${column} ${name}`} scope="col" title={whole[column]}>
                  {column + 1}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {names.map((name, row) => (
              <tr key={`${row} ${name}`}>
                <th scope="row" title={whole[row]}>
                  <span className={styles.pairName}>
                    {row + 1} {name}
                  </span>
                </th>
                {names.slice(0, -1).map((_, column) => {
                  const pair = all.find((one) => one.first === column && one.second === row);
                  if (!pair) return <td key={column} />;
                  return (
                    <td
                      key={column}
                      className={styles.pair}
                      title={told(pair)}
                      data-value={pair.disagreement}
                      data-q={pair.q ?? undefined}
                      style={{ '--warm': `${(warmth(pair.disagreement, most) * 100).toFixed(0)}%` } as CSSProperties}
                    >
                      {share(pair.disagreement)}
                      <span className={styles.sub}>
                        Q {pair.q === null || Number.isNaN(pair.q) ? '–' : format.fixed(pair.q, 2)}
                      </span>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {first && (
        <Help>{t(sorted.length > 1 ? 'combine.pairs.most' : 'combine.pairs.only', { told: told(first) })}</Help>
      )}
      {last && sorted.length > 1 && <Help>{t('combine.pairs.least', { told: told(last) })}</Help>}
      <Help>
        <Term id="disagreement" />: {t('combine.pairs.disagreementHelp')} <Term id="qStatistic" />:{' '}
        {t('combine.pairs.qHelp')}
      </Help>
    </div>
  );
}
