/**
 * Finding and choosing a backend. Each that can be had is made, has to compute what the parity check expects, and is
 * timed on a few real training steps; the fastest wins. A graphics interface that the processor emulates is named,
 * and only started where somebody asks for it. What is not used is never downloaded.
 */
import { type Backend, BackendError, type BackendFactory, type BackendId } from '#engine/backend';
import { type Found, probeWebgl, probeWebgpu } from '#engine/backends/probe';
import { EngineError } from '#engine/errors';
import { assertParity } from '#engine/parity';
import { timeTraining } from '#engine/timing';

export interface BackendReport {
  readonly name: BackendId;
  readonly description: string;
  readonly software: boolean;
  readonly available: boolean;
  /** Why not, where it is not; why it was refused; or why it was not timed. */
  readonly reason?: string;
  /** Median of a few real training steps of the small CNN. */
  readonly imagesPerSecond?: number;
}
export interface Started {
  readonly reports: readonly BackendReport[];
  readonly backend: Backend;
}

/** A way to a backend. */
export interface Candidate {
  readonly id: BackendId;
  /** What can be known without loading it. Throws BackendError where it cannot be had. */
  readonly probe: () => Promise<Found>;
  readonly load: () => Promise<BackendFactory>;
}

/** In the order in which they are tried: what is surely there and quick to start comes first. */
const CANDIDATES: readonly Candidate[] = [
  {
    id: 'wasm',
    probe: async () => ({ description: 'WebAssembly', software: false }),
    load: async () => (await import('#engine/backends/wasm/backend')).makeWasmBackend,
  },
  {
    id: 'webgpu',
    probe: probeWebgpu,
    load: async () => (await import('#engine/backends/webgpu/backend')).makeWebgpuBackend,
  },
  {
    id: 'webgl',
    probe: async () => probeWebgl(),
    load: async () => (await import('#engine/backends/webgl')).makeWebglBackend,
  },
  {
    id: 'cpu',
    probe: async () => ({ description: 'JavaScript', software: false }),
    load: async () => (await import('#engine/backends/cpu')).makeCpuBackend,
  },
];

/** Milliseconds after which no further round is timed. */
const DEADLINE = 600;
const SOFTWARE_DEADLINE = 1;

export interface ChooseOptions {
  readonly now?: () => number;
  readonly candidates?: readonly Candidate[];
}

/**
 * Starts the fastest backend ('auto') or the one asked for; where that one cannot be had, its report says why and the
 * fastest other one is started. Throws EngineError('backend') where none works.
 */
export async function startBackends(
  asked: BackendId | 'auto',
  onReport: (report: BackendReport) => void = () => undefined,
  options: ChooseOptions = {},
): Promise<Started> {
  const { now = () => performance.now(), candidates = CANDIDATES } = options;
  const reports = new Map<BackendId, BackendReport>();
  const tell = (report: BackendReport): void => {
    reports.set(report.name, report);
    onReport(report);
  };
  let best: { backend: Backend; speed: number } | null = null;
  const consider = async (candidate: Candidate): Promise<void> => {
    const { backend, report } = await tryBackend(candidate, now);
    tell(report);
    if (!backend) return;
    const speed = report.imagesPerSecond ?? 0;
    if (best && best.speed >= speed) return backend.dispose();
    best?.backend.dispose();
    best = { backend, speed };
  };
  const wanted = candidates.find((one) => one.id === asked);
  if (wanted) await consider(wanted);
  const settled = (): boolean => best !== null;
  const isAuto = !settled();
  for (const candidate of candidates) {
    if (candidate.id === asked) continue;
    const skip = await reasonToSkip(candidate, isAuto, reports);
    if (skip) tell(skip);
    else await consider(candidate);
  }
  // Nothing that is usually preferred works: take what was passed over.
  for (const candidate of candidates) {
    if (settled()) break;
    if (reports.get(candidate.id)?.available) await consider(candidate);
  }
  const chosen = best as { backend: Backend } | null;
  if (!chosen) throw noBackend();
  return { reports: candidates.flatMap((one) => reports.get(one.id) ?? []), backend: chosen.backend };
}

/** A report without starting the backend, where there is no point in it. */
async function reasonToSkip(
  candidate: Candidate,
  isAuto: boolean,
  reports: ReadonlyMap<BackendId, BackendReport>,
): Promise<BackendReport | null> {
  let found: Found;
  try {
    found = await candidate.probe();
  } catch (error) {
    return { name: candidate.id, description: '', software: false, available: false, reason: messageOf(error) };
  }
  const skip = (reason: string): BackendReport => ({ name: candidate.id, ...found, available: true, reason });
  if (found.software) return skip('Emulated by the processor: not timed.');
  if (!isAuto) return skip('Not timed: another backend was asked for.');
  if (candidate.id === 'webgl' && (reports.get('webgpu')?.imagesPerSecond ?? 0) > 0)
    return skip('Not timed: WebGPU runs on the same graphics card.');
  if (candidate.id === 'cpu' && reports.get('wasm')?.imagesPerSecond)
    return skip('Not timed: WebAssembly runs on the same processor.');
  return null;
}

async function tryBackend(
  candidate: Candidate,
  now: () => number,
): Promise<{ backend: Backend | null; report: BackendReport }> {
  let found: Found = { description: '', software: false };
  let backend: Backend | null = null;
  try {
    found = await candidate.probe();
    backend = await (await candidate.load())();
    found = { description: backend.description, software: backend.software };
    await assertParity(backend);
    const imagesPerSecond = await timeTraining(backend, found.software ? SOFTWARE_DEADLINE : DEADLINE, now);
    return { backend, report: { name: candidate.id, ...found, available: true, imagesPerSecond } };
  } catch (error) {
    backend?.dispose();
    return { backend: null, report: { name: candidate.id, ...found, available: false, reason: messageOf(error) } };
  }
}

function messageOf(error: unknown): string {
  if (error instanceof BackendError || error instanceof Error) return error.message;
  return String(error);
}

function noBackend(): EngineError {
  return new EngineError('backend', {
    en: 'Nothing on this device can compute: neither WebAssembly nor a graphics card nor plain JavaScript works here.',
    zh: '此设备上没有可用的计算方式：WebAssembly、显卡和纯 JavaScript 均无法使用。',
  });
}
