/**
 * Writes `licences.txt` into the build: the licence texts of every package whose code is in the page or in a worker.
 * Vite's own option sees the page only, and the workers hold TensorFlow.js and HDF5.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** Folders of the packages that were bundled. Workers are bundled before the page is written. */
const folders = new Set<string>();

/** The folder of the package that a module belongs to: `/…/node_modules/@scope/name`. */
export function packageFolder(id: string): string | undefined {
  const path = id.replace(/^\0+/, '').replaceAll('\\', '/');
  return /^(.*\/node_modules\/(?:@[^/]+\/)?[^/.][^/]*)\//.exec(path)?.[1];
}

function describe(folder: string): string {
  const facts = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
  const texts = readdirSync(folder)
    .filter((name) => /^(licen[cs]e|notice|copying)/i.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8').trim());
  return [`${facts.name} ${facts.version} (${facts.license})`, ...texts].join('\n\n');
}

/** For the page's plugins and for the workers' plugins; the page's writes the file. */
export function licencesPlugin(): Plugin {
  let forWorker = false;
  return {
    name: 'whittle:licences',
    apply: 'build',
    configResolved(config) {
      forWorker = config.isWorker;
    },
    generateBundle(_options, bundle) {
      for (const output of Object.values(bundle)) {
        if (output.type !== 'chunk') continue;
        for (const [id, module] of Object.entries(output.modules)) {
          const folder = module.code === null ? undefined : packageFolder(id);
          if (folder) folders.add(folder);
        }
      }
      if (forWorker) return;
      const rule = `\n\n${'-'.repeat(80)}\n\n`;
      const parts = [...folders].map(describe).sort();
      const source = `Whittle contains parts of these packages.${rule}${parts.join(rule)}\n`;
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source });
    },
  };
}
