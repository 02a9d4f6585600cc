/**
 * How threads wait for each other, in the build with shared memory (the other build has one thread, and nothing of
 * this). A thread that waits first spins, as most waits are shorter than a sleep costs, then sleeps on the word.
 *
 * Sleeps are counted in half seconds, not timed: a computer that was asleep itself comes back with one of them spent.
 */
import { ARRIVED, CONTROL, FAILED, PATIENCE, RUN, STAGE } from './ids';

/** Looks at the word before sleeping. */
const SPINS: i32 = 20000;
const HALF_SECOND: i64 = 500000000;

/** Waits until the word at `address` is no longer `value`. False where something failed or `patience` is over (0: none). */
function waitWhile(address: usize, value: i32, spins: i32, patience: i32): bool {
  for (let i = 0; i < spins; i++) if (atomic.load<i32>(address) != value) return true;
  let left = patience;
  for (;;) {
    atomic.add<i32>(address, 1, 4);
    const outcome = atomic.wait<i32>(address, value, HALF_SECOND);
    atomic.sub<i32>(address, 1, 4);
    if (atomic.load<i32>(address) != value) return true;
    if (atomic.load<i32>(CONTROL + FAILED) != 0) return false;
    if (outcome == 2 && patience > 0 && --left == 0) break;
  }
  return false;
}

/** Waits for the other threads of a run of `count`. */
export function meet(count: i32): bool {
  if (!ASC_FEATURE_THREADS) return true;
  const stage = atomic.load<i32>(CONTROL + STAGE);
  if (atomic.add<i32>(CONTROL + ARRIVED, 1) + 1 < count) {
    if (!waitWhile(CONTROL + STAGE, stage, SPINS, load<i32>(CONTROL + PATIENCE))) return false;
  } else {
    atomic.store<i32>(CONTROL + ARRIVED, 0);
    atomic.store<i32>(CONTROL + STAGE, stage + 1);
    if (atomic.load<i32>(CONTROL + STAGE + 4) > 0) atomic.notify(CONTROL + STAGE, -1);
  }
  return atomic.load<i32>(CONTROL + FAILED) == 0;
}

/** Waits for a run after `seen`; false where there will be none. */
export function nextRun(seen: i32, spinning: bool): bool {
  if (!ASC_FEATURE_THREADS) return false;
  return waitWhile(CONTROL + RUN, seen, spinning ? SPINS : 0, 0) && atomic.load<i32>(CONTROL + FAILED) == 0;
}

/** The latest run. */
export function runWord(): i32 {
  if (!ASC_FEATURE_THREADS) return 0;
  return atomic.load<i32>(CONTROL + RUN);
}
