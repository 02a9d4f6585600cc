/**
 * Builds the loaders, each one ES module without imports. That of .whittle files (src/formats/whittle/loader),
 * `whittle-loader.js`, stands beside the page: people download it with their model. That of ensembles
 * (src/formats/ensemble/loader) is a text that goes into every zip. What they do not need is left out of them: writing,
 * fitting, and all words.
 */
import { build, type Plugin, parseSync, version } from 'vite';

export const loaderName = 'whittle-loader.js';
const banner =
  '/* Opens .whittle files in TensorFlow.js: await loadWhittle(tf, "model.whittle"). Whittle, MIT licence. */\n';
const ensembleBanner =
  '/* Asks an ensemble in TensorFlow.js: (await loadEnsemble(tf, "manifest.json")).ask(images). Whittle, MIT licence. */\n';

/** In a reader's build WRITES is false before anything else looks at it. */
function readingOnly(): Plugin {
  return {
    name: 'whittle:reading-only',
    enforce: 'pre',
    transform: {
      filter: { id: /[\\/]formats[\\/]whittle[\\/].*\.ts$/ },
      handler: (text) => text.replace(/import \{ WRITES \} from .*/, '').replace(/\bWRITES\b(?!: )/g, 'false'),
    },
  };
}

/** What a way of combining declares beside its arithmetic. */
const declared = new Set(['words', 'params', 'members', 'gives', 'formula', 'fit', 'learns', 'weights']);

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly name?: string;
  readonly [key: string]: unknown;
}

/** Of every way of combining only what combines. */
function combiningOnly(): Plugin {
  return {
    name: 'whittle:combining-only',
    enforce: 'pre',
    transform: {
      filter: { id: /[\\/]core[\\/].*\.ts$/ },
      handler(text, id) {
        const cuts: Node[] = [];
        const walk = (value: unknown): void => {
          if (Array.isArray(value)) for (const item of value) walk(item);
          else if (value !== null && typeof value === 'object') {
            const node = value as Node;
            const [given] = (node['arguments'] as readonly Node[] | undefined) ?? [];
            if (node.type === 'CallExpression' && (node['callee'] as Node).name === 'defineEnsemble')
              for (const property of (given?.['properties'] as readonly Node[] | undefined) ?? [])
                if (declared.has((property['key'] as Node).name ?? '')) cuts.push(property);
            for (const child of Object.values(node)) if (typeof child === 'object') walk(child);
          }
        };
        walk(parseSync(id, text).program);
        let light = text;
        for (const { start, end, ...cut } of cuts.reverse())
          light = `${light.slice(0, start)}${(cut['key'] as Node).name}: 0${light.slice(end)}`;
        return { code: light, map: null, moduleSideEffects: false };
      },
    },
  };
}

/** The text of the loader of .whittle files. */
export const buildLoader = (): Promise<string> =>
  oneModule('src/formats/whittle/loader/index.ts', readingOnly(), banner);

/** The text of the loader of ensembles. */
export const buildEnsembleLoader = (): Promise<string> =>
  oneModule('src/formats/ensemble/loader/index.ts', combiningOnly(), ensembleBanner);

async function oneModule(entry: string, plugin: Plugin, head: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    plugins: [plugin],
    build: {
      write: false,
      target: 'es2022',
      minify: true,
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: entry,
        preserveEntrySignatures: 'strict',
        checks: { bundlerTimings: false },
        output: { format: 'es' },
      },
    },
  });
  const outputs = (Array.isArray(result) ? result : [result]).flatMap((one) => ('output' in one ? one.output : []));
  const chunks = outputs.filter((one) => one.type === 'chunk');
  const [chunk] = chunks;
  if (!chunk || chunks.length > 1 || chunk.imports.length > 0)
    throw new Error(`The loader is not one module (Vite ${version}).`);
  return head + chunk.code;
}

/** Serves the loader while developing and emits it into the build. */
export function loaderPlugin(): Plugin {
  return {
    name: 'whittle:loader',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        if (new URL(request.url ?? '', 'http://x').pathname !== `/${loaderName}`) return next();
        buildLoader().then((text) => {
          response.setHeader('Content-Type', 'text/javascript');
          response.end(text);
        }, next);
      });
    },
    async generateBundle() {
      this.emitFile({ type: 'asset', fileName: loaderName, source: await buildLoader() });
    },
  };
}

const textId = 'virtual:ensemble-loader';

/** Lets the writer of ensembles import its loader's text, in the workers' bundles, in Node and in the tests. */
export function ensembleLoaderPlugin(): Plugin {
  return {
    name: 'whittle:ensemble-loader',
    resolveId: { filter: { id: /^virtual:ensemble-loader$/ }, handler: () => `\0${textId}` },
    load: {
      filter: { id: /virtual:ensemble-loader$/ },
      handler: async () => `export default ${JSON.stringify(await buildEnsembleLoader())};`,
    },
  };
}
