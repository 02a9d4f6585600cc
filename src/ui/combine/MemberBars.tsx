/** Which members carry weight: a bar for each, its weight, or in a serial way the share of the images that it had to answer. */
import type { CSSProperties } from 'react';
import styles from '#ui/combine/combine.module.css';
import { toldApart } from '#ui/combine/way-shapes.ts';
import { Help } from '#ui/kit/Layout.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';
import type { MemberSummary } from '#worker/protocol-ensembles';

/** What the bars show: weights, shares of images, or nothing that is one number a member. */
export function barsOf(members: readonly MemberSummary[]): 'weight' | 'used' | null {
  if (members.some(({ used }) => used < 1)) return 'used';
  return members.every(({ weight }) => weight !== null) ? 'weight' : null;
}

export function MemberBars({ members }: { members: readonly MemberSummary[] }) {
  const t = useText();
  const format = useFormat();
  const kind = barsOf(members);
  const short = toldApart(members.map(({ name }) => name));
  if (kind === null) return <Help>{t('combine.bars.none')}</Help>;
  const values = members.map((member) => (kind === 'used' ? member.used : (member.weight ?? 0)));
  const longest = kind === 'used' ? 1 : Math.max(...values, 1e-9);
  const isAlike = kind === 'weight' && values.every((value) => Math.abs(value - (values[0] ?? 0)) < 5e-4);
  return (
    <div className={styles.block}>
      <ul className={styles.bars}>
        {members.map(({ id, name: whole }, at) => {
          const name = short[at] ?? whole;
          const value = values[at] ?? 0;
          return (
            <li key={`${at} ${id}`} className={styles.bar}>
              <span className={styles.barName} title={whole}>
                {name}
              </span>
              <span className={styles.barTrack} aria-hidden="true">
                <span style={{ '--share': `${((value / longest) * 100).toFixed(1)}%` } as CSSProperties} />
              </span>
              <span className={styles.barValue} data-value={value}>
                {format.percent(value, 1)}
              </span>
            </li>
          );
        })}
      </ul>
      <Help>{t(kind === 'used' ? 'combine.bars.used' : isAlike ? 'combine.bars.alike' : 'combine.bars.weight')}</Help>
    </div>
  );
}
