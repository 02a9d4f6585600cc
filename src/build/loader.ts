/**
 * Builds the loader of .whittle files (src/formats/whittle/loader) as one ES module without imports, `whittle-loader.js`, which stands
 * beside the page: people download it with their model. All that only writing needs is left out of it.
 */
import { build, type Plugin, version } from 'vite';

export const loaderName = 'whittle-loader.js';
const entry = 'src/formats/whittle/loader/index.ts';
const banner =
  '/* Opens .whittle files in TensorFlow.js: await loadWhittle(tf, "model.whittle"). Whittle, MIT licence. */\n';

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

/** The module's text. */
export async function buildLoader(): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    plugins: [readingOnly()],
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
  return banner + chunk.code;
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
