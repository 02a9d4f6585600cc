/**
 * Compiles the WebAssembly kernels (AssemblyScript, src/engine/backends/wasm/kernels) and lets the engine import their
 * addresses: `import kernels from 'virtual:kernels'` gives one address a variant, to be passed to `fetch`. In the
 * browser they are files of our own origin; under Vitest and in Node they are `data:` addresses, which `fetch` takes
 * too. The output lies in node_modules/.cache under a hash of the sources, so it is never stale and never made twice.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Plugin } from 'vite';

const kernelFolder = 'src/engine/backends/wasm/kernels';
const cacheFolder = 'node_modules/.cache/whittle/kernels';

const common = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--importMemory'];

/** For memory that threads share: the largest that can be, of which a browser may give less. */
const shared = ['--sharedMemory', '--initialMemory', '2', '--maximumMemory', '65536', '--enable', 'threads'];

/** Variant -> arguments of asc. `relaxed` has fused multiply-add, which not every browser has yet. */
export const kernelVariants = {
  simd: [...common, '--enable', 'simd'],
  relaxed: [...common, '--enable', 'simd', '--enable', 'relaxed-simd'],
  simdShared: [...common, ...shared, '--enable', 'simd'],
  relaxedShared: [...common, ...shared, '--enable', 'simd', '--enable', 'relaxed-simd'],
} as const;

type Variant = keyof typeof kernelVariants;
const variants = Object.keys(kernelVariants) as Variant[];

async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(kernelVariants));
  hash.update(await readFile('node_modules/assemblyscript/package.json'));
  const names = await readdir(kernelFolder, { recursive: true });
  for (const name of names.filter((file) => file.endsWith('.ts')).sort()) {
    hash
      .update(name)
      .update('\0')
      .update(await readFile(join(kernelFolder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function compile(variant: Variant, target: string): Promise<void> {
  const { default: asc } = await import('assemblyscript/asc');
  const errors: string[] = [];
  let binary: Uint8Array | undefined;
  const { error } = await asc.main(
    [join(kernelFolder, 'index.ts'), '--outFile', `${variant}.wasm`, ...kernelVariants[variant]],
    {
      stderr: { write: (text: string | Uint8Array) => void errors.push(String(text)) },
      writeFile: (_name: string, contents: string | Uint8Array) => {
        if (typeof contents !== 'string') binary = contents;
      },
    },
  );
  if (error || !binary) throw new Error(`The ${variant} kernels do not compile.\n${errors.join('')}`, { cause: error });
  const unfinished = `${target}.${process.pid}`;
  await writeFile(unfinished, binary);
  await rename(unfinished, target);
}

/** Compiles what is missing; the path of each variant's binary, relative to the root of the repository. */
export async function buildKernels(): Promise<Record<Variant, string>> {
  const folder = join(cacheFolder, await hashOfSources());
  await mkdir(folder, { recursive: true });
  const paths = variants.map((variant) => [variant, join(folder, `${variant}.wasm`)] as const);
  for (const [variant, path] of paths) if (!existsSync(path)) await compile(variant, path);
  return Object.fromEntries(paths) as Record<Variant, string>;
}

let running: Promise<Record<Variant, string>> | undefined;

/** One compilation at a time, however many bundles ask. */
function kernels(): Promise<Record<Variant, string>> {
  running ??= buildKernels().finally(() => {
    running = undefined;
  });
  return running;
}

const moduleId = 'virtual:kernels';
const resolvedId = `\0${moduleId}`;

/** The module's text: an import of each file's address in the browser, the bytes themselves elsewhere. */
async function addressesModule(inBrowser: boolean): Promise<string> {
  const lines = [];
  for (const [variant, path] of Object.entries(await kernels())) {
    if (inBrowser) lines.push(`import ${variant} from ${JSON.stringify(`${resolve(path)}?url&no-inline`)};`);
    else lines.push(`const ${variant} = 'data:application/wasm;base64,${await readFile(path, 'base64')}';`);
  }
  return `${lines.join('\n')}\nexport default { ${variants.join(', ')} };\n`;
}

/** Makes `virtual:kernels` importable, in the page's bundle, the workers' bundles and the tests. */
export function kernelsPlugin(): Plugin {
  let inBrowser = true;
  return {
    name: 'whittle:kernels',
    configResolved(config) {
      inBrowser = config.mode !== 'test';
    },
    resolveId: { filter: { id: /^virtual:kernels$/ }, handler: () => resolvedId },
    load: { filter: { id: /virtual:kernels$/ }, handler: () => addressesModule(inBrowser) },
    configureServer(server) {
      server.watcher.on('change', (path) => {
        if (!path.replaceAll('\\', '/').includes(`/${kernelFolder}/`)) return;
        const loaded = server.moduleGraph.getModuleById(resolvedId);
        if (loaded) server.moduleGraph.invalidateModule(loaded);
        server.ws.send({ type: 'full-reload' });
      });
    },
  };
}
