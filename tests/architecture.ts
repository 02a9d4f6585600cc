/**
 * Who may import whom, as data, and the functions that hold a tree of sources to it. architecture.test.ts runs them on
 * the repository and on invented trees that break each rule. Nothing here reads a disk.
 */
import { parseSync } from 'vite';

/** A source file: its path from the root of the repository, with `/`, and its text. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

interface Import {
  readonly name: string;
  readonly typesOnly: boolean;
}

interface Area {
  /** Path below src without its ending; the first area that matches a file is the file's. */
  readonly files: RegExp;
  /** What it may import of our own, in the words of `#layer/path`; `<own>` is the folder that the file is in. */
  readonly ours: readonly string[];
  /** What it may import of our own for its types alone. */
  readonly types?: readonly string[];
  readonly packages: readonly string[];
}

const page = ['react', 'react-i18next', '@mantine/*', 'recharts'];

const protocol = ['', '-ensembles', '-evaluation', '-search'].map((part) => `worker/protocol${part}`);

/** The table of the design. A name ending in `/*` covers everything below it. */
export const AREAS: Readonly<Record<string, Area>> = {
  core: { files: /^core\//, ours: ['core/*'], packages: ['valibot'] },
  formats: {
    files: /^formats\//,
    ours: ['core/*', 'formats/*'],
    packages: [
      '@zip.js/zip.js*',
      'h5wasm*',
      '@bufbuild/protobuf',
      'onnx-buf',
      'flatbuffers',
      'virtual:ensemble-loader',
    ],
  },
  'engine/runtimes': {
    files: /^engine\/runtimes\//,
    ours: ['core/*', 'formats/*', 'engine/*'],
    packages: ['@tensorflow/*', 'onnxruntime-web', '@litertjs/core'],
  },
  engine: { files: /^engine\//, ours: ['core/*', 'engine/*'], packages: ['@tensorflow/*', 'virtual:kernels'] },
  'worker/protocol': { files: /^worker\/protocol(-[a-z]+)?$/, ours: ['core/*', ...protocol], packages: [] },
  'worker/client': {
    files: /^worker\/client(-[a-z-]+)?$/,
    ours: ['core/*', ...protocol, 'worker/client*'],
    packages: [],
  },
  worker: {
    files: /^worker\//,
    ours: ['core/*', 'formats/*', 'engine/*', 'worker/*'],
    packages: [],
  },
  cli: { files: /^cli\//, ours: ['core/*', 'formats/*', 'engine/*', 'cli/*', ...protocol], packages: ['node:*'] },
  stores: {
    files: /^stores\//,
    ours: ['core/*', 'formats/index', 'worker/client', 'i18n/*', 'stores/*'],
    types: protocol,
    packages: ['zustand', 'zustand/*', 'idb'],
  },
  i18n: { files: /^i18n\//, ours: ['core/*', 'i18n/*'], packages: ['i18next', 'react-i18next'] },
  'ui/kit': { files: /^ui\/kit\//, ours: ['i18n/*', 'ui/kit/*'], packages: page },
  'ui/param-form': {
    files: /^ui\/param-form\//,
    ours: ['core/*', 'i18n/*', 'ui/kit/*', 'ui/param-form/*'],
    packages: page,
  },
  'ui/FEATURE': {
    files: /^ui\/[a-z-]+\//,
    // Looking into a layer belongs to whatever changes one, as the form does; what a model is, to whatever lists models.
    ours: ['core/*', 'stores/*', 'i18n/*', 'ui/kit/*', 'ui/param-form/*', 'ui/inspect/*', 'ui/predictor/*', '<own>/*'],
    types: protocol,
    packages: [...page, 'zustand', 'react-dropzone'],
  },
  ui: {
    files: /^ui\/[A-Za-z.-]+$/,
    ours: ['core/*', 'stores/*', 'i18n/*', 'ui/*'],
    packages: [...page, 'zustand', 'react-dropzone'],
  },
  main: {
    files: /^main$/,
    ours: ['ui/*', 'stores/*', 'i18n/*'],
    packages: ['react', 'react-dom/client', 'virtual:pwa-register'],
  },
  build: {
    files: /^build\//,
    ours: ['build/*'],
    packages: ['node:*', 'vite', 'vitest/*', 'vite-plugin-pwa', '@vitejs/plugin-react', 'assemblyscript/asc'],
  },
};

/** Files of more than 450 lines, each with the reason why it is not divided. */
export const LONG_FILES: Readonly<Record<string, string>> = {};

/** What may stand beside src and tests. Names that begin with a dot are free. */
export const TOP_LEVEL: readonly RegExp[] = [
  /^(src|tests|public|node_modules|dist)$/,
  /^(package\.json|package-lock\.json|index\.html|vite\.config\.ts|playwright\.config\.ts|biome\.json)$/,
  /^tsconfig(\.[a-z]+)?\.json$/,
  /^(README\.md|LICENSE|NOTICE)$/,
  // Written by Playwright while it runs, and ignored by git.
  /^(test-results|playwright-report)$/,
];

const maximumLines = 450;

/** Everything that a source imports or exports from elsewhere. */
export function importsOf(source: Source): Import[] {
  const parsed = parseSync(source.path, source.text).module;
  const found: Import[] = [];
  for (const { moduleRequest, entries } of parsed.staticImports) {
    found.push({ name: moduleRequest.value, typesOnly: entries.length > 0 && entries.every((entry) => entry.isType) });
  }
  for (const { entries } of parsed.staticExports) {
    const from = entries.find((entry) => entry.moduleRequest)?.moduleRequest;
    if (from) found.push({ name: from.value, typesOnly: entries.every((entry) => entry.isType) });
  }
  for (const { moduleRequest } of parsed.dynamicImports) {
    const literal = /^['"](.+)['"]$/.exec(source.text.slice(moduleRequest.start, moduleRequest.end));
    if (literal?.[1]) found.push({ name: literal[1], typesOnly: false });
  }
  return found;
}

const plain = (path: string) => path.replace(/^src\//, '').replace(/\.tsx?$/, '');

/** `core/pass` for what an import of ours means; undefined for a package. */
function ownTarget(from: string, name: string): string | undefined {
  if (name.startsWith('#')) return plain(name.slice(1));
  if (!name.startsWith('.')) return undefined;
  const parts = from.split('/').slice(0, -1);
  for (const part of name.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return plain(parts.join('/'));
}

const covers = (pattern: string, name: string) =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

function areaOf(path: string): [string, Area] | undefined {
  return Object.entries(AREAS).find(([, area]) => area.files.test(plain(path)));
}

/** Imports that the table does not allow, as sentences. */
export function forbiddenImports(sources: readonly Source[]): string[] {
  const faults: string[] = [];
  for (const source of sources) {
    const found = areaOf(source.path);
    if (!found) {
      faults.push(`${source.path} belongs to no layer`);
      continue;
    }
    const [name, area] = found;
    const folder = plain(source.path).split('/').slice(0, 2).join('/');
    const ours = area.ours.map((pattern) => pattern.replace('<own>', folder));
    for (const each of importsOf(source)) {
      const target = ownTarget(source.path, each.name);
      const allowed = target
        ? [...ours, ...(each.typesOnly ? (area.types ?? []) : [])].some((pattern) => covers(pattern, target))
        : area.packages.some((pattern) => covers(pattern, each.name));
      if (!allowed) faults.push(`${source.path} (${name}) imports ${each.name}`);
    }
  }
  return faults;
}

/** The page's side of the border is not the worker's: no file of the worker may import the client. */
export function clientInWorker(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => areaOf(path)?.[0] === 'worker')
    .filter((source) => importsOf(source).some(({ name }) => /^#worker\/client/.test(name)))
    .map(({ path }) => `${path} imports the client`);
}

/** Each cycle of imports that run, once, as `a -> b -> a`. Two files may name each other's types. */
export function cycles(sources: readonly Source[]): string[] {
  const targets = new Map<string, string[]>();
  for (const source of sources) {
    const run = importsOf(source).filter(({ typesOnly }) => !typesOnly);
    const own = run.map(({ name }) => ownTarget(source.path, name));
    targets.set(
      plain(source.path),
      own.filter((target) => target !== undefined),
    );
  }
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (name: string, trail: readonly string[]): void => {
    const start = trail.indexOf(name);
    if (start >= 0) {
      found.push([...trail.slice(start), name].join(' -> '));
      return;
    }
    if (done.has(name)) return;
    for (const target of targets.get(name) ?? []) visit(target, [...trail, name]);
    done.add(name);
  };
  for (const name of targets.keys()) visit(name, []);
  return found;
}

/** Files that are too long and not named as exceptions, and exceptions that are no longer needed. */
export function lengthFaults(sources: readonly Source[], exceptions: Readonly<Record<string, string>>): string[] {
  const long = sources.filter(({ text }) => text.trimEnd().split('\n').length > maximumLines).map(({ path }) => path);
  return [
    ...long.filter((path) => !exceptions[path]).map((path) => `${path} has more than ${maximumLines} lines`),
    ...Object.keys(exceptions)
      .filter((path) => !long.includes(path))
      .map((path) => `${path} needs no exception`),
  ];
}

/** Files that only pass on what others export. */
export function barrels(sources: readonly Source[]): string[] {
  return sources
    .filter((source) => {
      const { module, program } = parseSync(source.path, source.text);
      const from = module.staticExports.flatMap(({ entries }) => entries).filter((entry) => entry.moduleRequest);
      const everything = from.some((entry) => entry.importName.kind.startsWith('All'));
      const modules = new Set(from.map((entry) => entry.moduleRequest?.value));
      const nothingElse = program.body.every(({ type }) => type.startsWith('Export') || type === 'ImportDeclaration');
      return everything || (modules.size > 1 && nothingElse && module.staticExports.length === modules.size);
    })
    .map(({ path }) => `${path} is a barrel`);
}

const outside = new Set(
  'Date fetch document window navigator performance setTimeout setInterval localStorage indexedDB crypto self console process'.split(
    ' ',
  ),
);

interface Node {
  readonly type?: string;
  readonly name?: string;
  readonly computed?: boolean;
  readonly object?: Node;
  readonly property?: Node;
  readonly [key: string]: unknown;
}

/** Where `core` reaches outside itself: clocks, chance, the network, the page. */
export function impurities(sources: readonly Source[]): string[] {
  const faults: string[] = [];
  for (const { path, text } of sources) {
    if (!path.startsWith('src/core/')) continue;
    const walk = (node: unknown, key: string, parent: Node | undefined): void => {
      if (Array.isArray(node)) for (const item of node) walk(item, key, parent);
      else if (node !== null && typeof node === 'object') {
        const here = node as Node;
        const named = (key === 'property' || key === 'key') && !parent?.computed;
        if (here.type === 'Identifier' && !named && outside.has(here.name ?? ''))
          faults.push(`${path} uses ${here.name}`);
        if (here.type === 'MemberExpression' && here.object?.name === 'Math' && here.property?.name === 'random') {
          faults.push(`${path} uses Math.random`);
        }
        for (const [name, child] of Object.entries(here)) if (name !== 'typeAnnotation') walk(child, name, here);
      }
    };
    walk(parseSync(path, text).program.body, 'body', undefined);
  }
  return faults;
}
