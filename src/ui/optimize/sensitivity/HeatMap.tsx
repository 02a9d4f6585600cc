/**
 * Layers against levels, each cell the accuracy that is lost with that layer alone changed: coloured, and written out. It
 * is a table; arrows move between its cells, and the chosen one is told in full beside it.
 */
import { type CSSProperties, type KeyboardEvent, useRef } from 'react';
import { type Degradation, LEVELS } from '#core/sensitivity';
import { signedPoints } from '#ui/kit/changes.ts';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { showLevel } from '#ui/optimize/sensitivity/levels.ts';
import styles from '#ui/optimize/sensitivity/sensitivity.module.css';
import type { SensitivityCell } from '#worker/protocol';

export interface Place {
  readonly layer: string;
  readonly level: number;
}
interface MapProps {
  readonly degradation: Degradation;
  readonly layers: readonly string[];
  readonly cells: readonly SensitivityCell[];
  /** As far as each layer can go: outlined. */
  readonly outlined: ReadonlyMap<string, number>;
  readonly chosen: Place | null;
  readonly onChoose: (place: Place) => void;
}

export function HeatMap({ degradation, layers, cells, outlined, chosen, onChoose }: MapProps) {
  const t = useText();
  const format = useFormat();
  const body = useRef<HTMLTableSectionElement>(null);
  const levels = LEVELS[degradation];
  const reachable = chosen ?? { layer: layers[0] ?? '', level: levels[0] ?? 0 };
  const pressed = (event: KeyboardEvent, row: number, column: number) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [down = 0, right = 0] = step;
    const to = { layer: layers[row + down], level: levels[column + right] };
    if (to.layer === undefined || to.level === undefined) return;
    onChoose({ layer: to.layer, level: to.level });
    body.current?.rows[row + down]?.cells[column + right + 1]?.querySelector('button')?.focus();
  };
  return (
    <table className={styles.map}>
      <caption className={styles.caption}>{t('sensitivity.map')}</caption>
      <thead>
        <tr>
          <th scope="col" className={styles.layer}>
            {t('sensitivity.layer')}
          </th>
          {levels.map((level) => (
            <th key={level} scope="col">
              {showLevel(degradation, level, format)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={body}>
        {layers.map((layer, row) => (
          <tr key={layer}>
            <th scope="row" className={styles.layer} title={layer}>
              {layer}
            </th>
            {levels.map((level, column) => (
              <Cell
                key={level}
                place={{ layer, level }}
                shown={showLevel(degradation, level, format)}
                cell={cells.find((one) => one.layer === layer && one.level === level)}
                isOutlined={outlined.get(layer) === level}
                isChosen={chosen?.layer === layer && chosen.level === level}
                isReachable={reachable.layer === layer && reachable.level === level}
                onChoose={onChoose}
                onKeyDown={(event) => pressed(event, row, column)}
              />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface CellProps {
  readonly place: Place;
  readonly shown: string;
  readonly cell: SensitivityCell | undefined;
  readonly isOutlined: boolean;
  readonly isChosen: boolean;
  readonly isReachable: boolean;
  readonly onChoose: (place: Place) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

function Cell({ place, shown, cell, isOutlined, isChosen, isReachable, onChoose, onKeyDown }: CellProps) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const alone = cell?.alone;
  const at = { layer: place.layer, level: shown };
  const lost = alone ? -alone.difference.value : 0;
  const label = alone
    ? t('sensitivity.cellLabel', {
        ...at,
        accuracy: format.percent(alone.accuracy.value),
        difference: signedPoints(alone.difference.value, format),
      })
    : cell
      ? t('sensitivity.cellNone', { ...at, reason: cell.reason ? words(cell.reason) : '' })
      : t('sensitivity.cellWaiting', at);
  return (
    <td>
      <button
        type="button"
        className={styles.cell}
        style={{ '--heat': `${(heat(lost) * 100).toFixed(0)}%` } as CSSProperties}
        data-state={alone ? 'known' : cell ? 'none' : 'waiting'}
        data-value={alone?.accuracy.value}
        data-outlined={isOutlined || undefined}
        aria-label={label}
        aria-pressed={isChosen}
        tabIndex={isReachable ? 0 : -1}
        onClick={() => onChoose(place)}
        onKeyDown={onKeyDown}
      >
        {alone ? shortPoints(alone.difference.value) : cell ? '–' : ''}
      </button>
    </td>
  );
}

/** 0 for nothing lost to 1 for half of all answers, evenly in the logarithm: a point more matters most where little is lost. */
export function heat(lost: number): number {
  return Math.min(1, Math.log1p(Math.max(0, lost) * 200) / Math.log1p(100));
}

/** Points in two or three signs: "0", "−0.4", "−12". */
export function shortPoints(difference: number): string {
  const points = difference * 100;
  const size = Math.abs(points);
  if (size < 0.05) return '0';
  return `${points < 0 ? '−' : '+'}${size < 9.95 ? size.toFixed(1) : size.toFixed(0)}`;
}
