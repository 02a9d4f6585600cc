/** What a row of the bench is, and what its table says. */
import type { Lab } from './lab';
import type { Line, Measurement } from './measurements';

/** A line of the printed table and of the README's. */
export interface TableLine {
  readonly what: string;
  readonly who: string;
  /** With its unit. */
  readonly figure: string;
  /** How many times better we are, with the interval; or the target and whether it was met. */
  readonly against: string;
}

export interface Row {
  readonly name: string;
  /** What the last column says. */
  readonly compared: string;
  /** What is measured, for people. */
  readonly title: string;
  readonly run: (lab: Lab) => Promise<readonly Measurement[]>;
  /** Why a run does not count, or null. */
  readonly fault?: (lines: readonly Measurement[]) => string | null;
  /** Of one run. */
  readonly table: (lines: readonly Line[]) => readonly TableLine[];
}
