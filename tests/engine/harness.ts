/** The suite in a browser: a page that runs cases by name on a backend and tells what failed. Driven by tests/e2e. */
import { type Backend, BackendError, type Plan } from '#engine/backend';
import { makeCpuBackend } from '#engine/backends/cpu';
import { startBackends } from '#engine/choose';
import { assertParity } from '#engine/parity';
import { SUITE } from './suite';
import { webgpuChecks } from './webgpu/checks';

const FACTORIES = {
  webgpu: async () => (await import('#engine/backends/webgpu/backend')).makeWebgpuBackend(),
  webgl: async () => (await import('#engine/backends/webgl')).makeWebglBackend(),
  wasm: async () => (await import('#engine/backends/wasm/backend')).makeWasmBackend(),
};
type Name = keyof typeof FACTORIES;

const backends = new Map<Name, Promise<Backend>>();
function backendOf(name: Name): Promise<Backend> {
  const made = backends.get(name) ?? FACTORIES[name]();
  backends.set(name, made);
  return made;
}
const cpu = makeCpuBackend();

const harness = {
  /** How many cases have a name that matches, and what went wrong with them: "name: reason". */
  async run(name: Name, pattern: string): Promise<{ ran: number; failures: string[] }> {
    const backend = await backendOf(name);
    const failures: string[] = [];
    const cases = SUITE.filter((one) => new RegExp(pattern).test(one.name));
    for (const { name: title, run } of cases) {
      try {
        await run(backend, await cpu);
      } catch (error) {
        failures.push(`${title}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return { ran: cases.length, failures };
  },
  async about(name: Name): Promise<{ id: string; description: string; software: boolean }> {
    const { id, description, software } = await backendOf(name);
    return { id, description, software };
  },
  async parity(name: Name): Promise<void> {
    await assertParity(await backendOf(name));
  },
  /** What choosing a backend says, and how long it takes. */
  async choose(asked: Name | 'auto'): Promise<{ chosen: string; milliseconds: number; reports: unknown }> {
    const begun = performance.now();
    const { backend, reports } = await startBackends(asked);
    const chosen = backend.id;
    backend.dispose();
    return { chosen, milliseconds: performance.now() - begun, reports };
  },
  /** What a person would be told after asking the graphics card for a buffer that it cannot have. */
  async fault(): Promise<string> {
    const backend = await FACTORIES.webgpu();
    const plan: Plan = {
      slots: [
        { shape: [1, 1, 1, 1], life: 'persistent' },
        { shape: [1, 30_000, 30_000, 1], life: 'temporary' },
        { shape: [1, 1, 1, 1], life: 'persistent' },
      ],
      steps: [
        { op: { kind: 'upsample2d', size: [30_000, 30_000], interpolation: 'nearest' }, inputs: [0], outputs: [1] },
        { op: { kind: 'sumTo' }, inputs: [1], outputs: [2] },
      ],
    };
    try {
      const program = await backend.compile(plan);
      program.run();
      return `the answer ${await program.read(2)}`;
    } catch (error) {
      return error instanceof BackendError ? `${error.code}: ${error.message}` : `unexpected: ${String(error)}`;
    }
  },
  ...webgpuChecks,
  total: SUITE.length,
};
export type Harness = typeof harness;
(globalThis as { harness?: Harness }).harness = harness;
