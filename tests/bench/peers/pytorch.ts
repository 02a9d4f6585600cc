/**
 * Native PyTorch as a contestant: a Python that has it, asked over its standard input. Threads are settled when a process
 * starts, so one is started for each way of using the cores; at every turn each of them runs and the fastest counts, which is kind to
 * it: two threads are the best on idle cores and wait for each other on busy ones.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';
import type { Contestant, Network, Sample } from '../harness/network';
import type { Lab } from '../lab';

export interface PyTorch extends Contestant {
  readonly who: string;
  /** Ends its processes. */
  readonly close: () => void;
  /** Things to know about this PyTorch. */
  readonly note: string;
}

/** Slower products than this come from the reference BLAS, and a comparison would be worth nothing. */
const SLOWEST_BLAS = 15;
/** Images answered at once. */
const BATCHES = [128, 1000];

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
    threads: torch === blas ? `${torch} thread${torch === 1 ? '' : 's'}` : `${torch} with a BLAS of ${blas}`,
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
  const [first] = processes;
  if (!first) throw new Error('PyTorch has no way to run.');
  return {
    close,
    note: `PyTorch ${version}: its matrix product reaches ${gflops.toFixed(0)} GFLOP/s${slow}`,
    who: `PyTorch ${version} (best of ${processes.map(({ threads }) => threads).join('; ')}${slow})`,
    curve: (network, steps) => first.ask({ do: 'curve', network, steps }),
    async train(network, seconds) {
      let best = 0;
      for (const { ask } of processes) best = Math.max(best, await ask<number>({ do: 'train', network, seconds }));
      return best;
    },
    async infer(network, images) {
      let best = { speed: 0, correct: 0 };
      for (const { ask } of processes) {
        for (const batch of BATCHES) {
          const one = await ask<typeof best>({ do: 'infer', network, images, batch });
          if (one.speed > best.speed) best = one;
        }
      }
      return best;
    },
  };
}
