/**
 * Contests: every contestant has its turn in every round, in random order, so that a machine that slows down slows all of
 * them; ratios are taken round by round. The first contestant competes with itself as a control.
 */
import type { Line, Measurement } from './measurements';
import type { TableLine } from './row';
import { median, ratioByRound } from './statistics';

export interface Entrant {
  readonly who: string;
  /** Rounds it takes part in, where it is too slow for all of them. */
  readonly rounds?: number | undefined;
  /** One stretch: a speed, higher is better. */
  readonly stretch: () => Promise<number>;
}

export const ROUNDS = 7;
/** Beyond this ratio between two turns of the same contestant nothing can be concluded. */
const RESTLESS = 1.15;
export const RATIO = 'Whittle is … times as fast (95 % interval)';
/** Images a second for the tables. */
export const speed = (value: number): string =>
  value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
const again = (who: string): string => `${who} (again)`;

/** The first entrant is ours. */
export async function contest(what: string, entrants: readonly Entrant[], unit: string): Promise<Measurement[]> {
  const [ours] = entrants;
  const measurements: Measurement[] = [];
  const turns = ours ? [...entrants, { ...ours, who: again(ours.who) }] : [];
  for (let round = 1; round <= ROUNDS; round++) {
    for (const { who, stretch } of shuffled(turns.filter(({ rounds = ROUNDS }) => round <= rounds))) {
      measurements.push({ what, who, round, value: Number((await stretch()).toPrecision(5)), unit });
    }
    console.log(`  ${what}, round ${round} of ${ROUNDS}`);
  }
  return measurements;
}

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
}

/** What one was measured at, by round. */
export const byRound = (lines: readonly Measurement[], what: string, who: string): Map<number, number> =>
  new Map(lines.flatMap((line) => (line.what === what && line.who === who ? [[line.round, line.value]] : [])));
const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** Says where the control differs from the contestant that it repeats. */
export function restless(lines: readonly Measurement[]): string | null {
  for (const what of distinct(lines.map((line) => line.what))) {
    for (const who of distinct(lines.map((line) => line.who))) {
      const control = byRound(lines, what, again(who));
      if (control.size === 0) continue;
      const { value } = ratioByRound(byRound(lines, what, who), control);
      const apart = Math.max(value, 1 / value);
      if (apart > RESTLESS)
        return `${what}: ${who} against itself differs by ${apart.toFixed(2)} times; the machine was too busy.`;
    }
  }
  return null;
}

/** Medians, and how many times faster ours (the first written) is. `shown` says a speed. */
export function contestTable(lines: readonly Line[], shown: (speed: number) => string): TableLine[] {
  return distinct(lines.map((line) => line.what)).flatMap((what) => {
    const names = distinct(lines.flatMap((line) => (line.what === what ? [line.who] : [])));
    const ours = names.find((who) => names.includes(again(who))) ?? names[0] ?? '';
    const own = byRound(lines, what, ours);
    const speedOf = (who: string): number => median([...byRound(lines, what, who).values()]);
    const others = names
      .filter((who) => who !== ours && who !== again(ours))
      .sort((a, b) => (speedOf(b) || 0) - (speedOf(a) || 0));
    return [ours, ...others, again(ours)].map((who) => {
      const theirs = byRound(lines, what, who);
      // What could not be run has no speed, and says so by its name.
      if (Number.isNaN(speedOf(who))) return { what, who, figure: '–', against: '' };
      const { value, low, high, rounds } = ratioByRound(own, theirs);
      const short = (ratio: number): string => (ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2));
      const against = who === ours ? '' : `${short(value)} (${short(low)} to ${short(high)}; ${rounds} rounds)`;
      return { what, who, figure: shown(speedOf(who)), against };
    });
  });
}
