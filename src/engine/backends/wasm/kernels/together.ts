/**
 * How threads wait for each other, in the build with shared memory (the other build has one thread, and nothing of
 * this). A thread that waits first spins, as most waits are shorter than a sleep costs, then sleeps on the word.
 *
 * Sleeps are counted in half seconds, not timed: a computer that was asleep itself comes back with one of them spent.
 */
import { ARRIVED, CONTROL, FAILED, PATIENCE, RUN, STAGE } from './ids';

/** Looks at the word before sleeping, about half a millisecond: commands divide evenly to some ten microseconds, and waking costs more. */
const MOST_SPINS: i32 = 300000;
/** The same where other work takes the cores, and looking keeps the one that is waited for from its own. */
const LEAST_SPINS: i32 = 20000;
/** Meetings after which the waits are judged, how many of them may have ended in sleep, and for how many meetings it is then spun least. */
const WINDOW: i32 = 128;
const FEW: i32 = 2;
const RESTRAINT: i32 = 2048;
const HALF_SECOND: i64 = 500000000;

// Of this thread: each has an instance of its own.
let spins: i32 = MOST_SPINS;
let meetings: i32 = 0;
let sleeps: i32 = 0;

/** Chooses how long to spin from how the waits of late have ended. */
function judge(slept: bool): void {
  if (slept) sleeps++;
  if (++meetings < (spins == MOST_SPINS ? WINDOW : RESTRAINT)) return;
  spins = spins == MOST_SPINS && sleeps > FEW ? LEAST_SPINS : MOST_SPINS;
  meetings = sleeps = 0;
}

/** Whether the word at `address` changes from `value` while it is looked at. */
function changes(address: usize, value: i32, spins: i32): bool {
  for (let i = 0; i < spins; i++) if (atomic.load<i32>(address) != value) return true;
  return false;
}

/** Sleeps until the word at `address` is no longer `value`. False where something failed or `patience` is over (0: none). */
function sleepWhile(address: usize, value: i32, patience: i32): bool {
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
    const slept = !changes(CONTROL + STAGE, stage, spins);
    if (slept && !sleepWhile(CONTROL + STAGE, stage, load<i32>(CONTROL + PATIENCE))) return false;
    judge(slept);
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
  const isThere = (spinning && changes(CONTROL + RUN, seen, spins)) || sleepWhile(CONTROL + RUN, seen, 0);
  return isThere && atomic.load<i32>(CONTROL + FAILED) == 0;
}

/** The latest run. */
export function runWord(): i32 {
  if (!ASC_FEATURE_THREADS) return 0;
  return atomic.load<i32>(CONTROL + RUN);
}
