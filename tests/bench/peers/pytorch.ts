/**
 * Native PyTorch as a contestant: a Python that has it, asked over its standard input. Threads are settled when a process
 * starts, so one is started for each way of using the cores, and the fastest way competes.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';
import type { Contestant, Network, Sample } from '../harness/network';
import type { Lab } from '../lab';
import { median } from '../statistics';

export interface PyTorch {
  /** The fastest way of using the cores for one job. `trial` gives the speed of a short stretch; `batches` are images answered at once. */
  readonly best: (
    trial: (one: Contestant) => Promise<number>,
    batches?: readonly number[],
  ) => Promise<Contestant & { readonly who: string }>;
  /** Ends its processes. */
  readonly close: () => void;
  /** Things to know about this PyTorch. */
  readonly note: string;
}

/** Slower products than this come from the reference BLAS, and a comparison would be worth nothing. */
const SLOWEST_BLAS = 15;
/** Short stretches of each way; the median counts. */
const TRIALS = 3;

function findPython(): string | undefined {
  const candidates = [process.env.WHITTLE_PYTHON, '/usr/bin/python3', 'python3'].filter((path) => path !== undefined);
  return candidates.find((path) => spawnSync(path, ['-c', 'import torch, numpy'], { timeout: 60_000 }).status === 0);
}

interface Process {
  readonly threads: string;
  readonly ask: <T>(question: object) => Promise<T>;
}

function start(python: string, torch: number, blas: number, children: ChildProcess[]): Process {
  const child = spawn(python, ['tests/bench/peers/pytorch.py', String(torch)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: String(torch), OPENBLAS_NUM_THREADS: String(blas) },
  });
  children.push(child);
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line));
  child.on('close', (code) => {
    for (const { reject } of waiting) reject(new Error(`PyTorch ended with ${code}.`));
  });
  return {
    threads: torch === blas ? `${torch} thread${torch === 1 ? '' : 's'}` : `${torch} threads, BLAS ${blas}`,
    async ask(question) {
      const line = new Promise<string>((resolve, reject) => waiting.push({ resolve, reject }));
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return JSON.parse(await line);
    },
  };
}

/** Null where no Python has PyTorch. */
export async function makePyTorch(lab: Lab, networks: readonly Network[], sample: Sample): Promise<PyTorch | null> {
  const python = findPython();
  if (!python) return null;
  const cores = cpus().length;
  const ways = cores === 1 ? [[1, 1] as const] : [[1, 1] as const, [cores, 1] as const, [cores, cores] as const];
  const children: ChildProcess[] = [];
  const close = (): void => {
    for (const child of children) child.kill();
  };
  lab.onClose(async () => close());
  const processes = ways.map(([torch, blas]) => start(python, torch, blas, children));
  const mnist = await lab.mnist();
  let version = '';
  let gflops = 0;
  for (const { ask } of processes) {
    const about = await ask<{ version: string; gflops: number }>({ do: 'about' });
    version = about.version;
    gflops = Math.max(gflops, about.gflops);
    for (const network of networks) await ask({ do: 'give', network, sample, mnist });
  }
  const slow = gflops < SLOWEST_BLAS ? ', reference BLAS: install libopenblas0-pthread' : '';
  return {
    close,
    note: `PyTorch ${version}: its matrix product reaches ${gflops.toFixed(0)} GFLOP/s${slow}`,
    async best(trial, batches = [128]) {
      const entrants = processes.flatMap(({ threads, ask }) =>
        batches.map((batch) => ({
          who: `PyTorch ${version} (${threads}${slow})`,
          curve: (network: string, steps: number) => ask<number[]>({ do: 'curve', network, steps }),
          train: (network: string, seconds: number) => ask<number>({ do: 'train', network, seconds }),
          infer: (network: string, images: number) =>
            ask<{ speed: number; correct: number }>({ do: 'infer', network, images, batch }),
        })),
      );
      const speeds = entrants.map((): number[] => []);
      for (let round = 0; round < TRIALS; round++) {
        for (const [at, entrant] of entrants.entries()) speeds[at]?.push(await trial(entrant));
      }
      const medians = speeds.map(median);
      const best = entrants[medians.indexOf(Math.max(...medians))];
      if (!best) throw new Error('PyTorch has no way to run.');
      return best;
    },
  };
}
