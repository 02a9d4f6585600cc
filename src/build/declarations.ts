/**
 * What the page needs of a method or a format is what it declares: words, parameters, effects, extensions. What it does
 * runs in a worker. So in the page's build a pass loses `prepare`, `apply`, `sketch` and `idle`, a way of combining `fit`,
 * `learns`, `combine` and `weights`, a way of making members `make` and `again`, of growing trees `grow`, a format `detect`, `read` and `write`; each becomes
 * one function that says where it is, and the bundler drops everything that only they used. The workers' builds, the
 * development server and the tests have the files as they are.
 */
import { type Plugin, parseSync } from 'vite';

/** By the function that declares. */
const coreWork: Readonly<Record<string, ReadonlySet<string>>> = {
  definePass: new Set(['prepare', 'apply', 'sketch', 'idle']),
  defineEnsemble: new Set(['fit', 'learns', 'combine', 'weights']),
  defineMaking: new Set(['make', 'again']),
  defineTreeMethod: new Set(['grow']),
};
const formatWork = new Set(['detect', 'read', 'write']);

/** The name that stands for what was taken out. */
const absent = 'onlyInTheWorker';
const absence = `\nfunction ${absent}() { throw new Error('this runs in the worker only'); }\n`;

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node => typeof (value as Node | null)?.type === 'string';

/** Every node below and including this one. */
function* nodesOf(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const item of value) yield* nodesOf(item);
  else if (isNode(value)) {
    yield value;
    for (const child of Object.values(value)) if (typeof child === 'object') yield* nodesOf(child);
  }
}

/** The object in `{ … } as const satisfies Format`. */
function unwrapped(node: Node): Node {
  return isNode(node['expression']) && /^TS/.test(node.type) ? unwrapped(node['expression']) : node;
}

/** The properties that do the work of one declaration. */
function workOf(object: Node, names: ReadonlySet<string>): Node[] {
  const properties = object['properties'] as readonly Node[];
  return properties.filter((property) => {
    const key = property['key'] as { readonly name?: string } | undefined;
    return property.type === 'Property' && !property['computed'] && names.has(key?.name ?? '');
  });
}

/**
 * The module without the work of what it declares, or undefined where it declares nothing. `path` from the root of the
 * repository, with `/`.
 */
export function declarationsOf(path: string, text: string): string | undefined {
  const isCore = /^src\/core\/(passes|ensembles|trees)\//.test(path);
  if (!isCore && !/^src\/formats\/[^/]+\/index\.ts$/.test(path)) return undefined;
  const cuts: Node[] = [];
  for (const node of nodesOf(parseSync(path, text).program)) {
    if (isCore) {
      const work = node.type === 'CallExpression' && coreWork[(node['callee'] as { name?: string }).name ?? ''];
      if (!work) continue;
      const [given] = node['arguments'] as readonly Node[];
      if (given?.type === 'ObjectExpression') cuts.push(...workOf(given, work));
    } else if (node.type === 'TSSatisfiesExpression') {
      const object = unwrapped(node);
      if (object.type === 'ObjectExpression') cuts.push(...workOf(object, formatWork));
    }
  }
  if (cuts.length === 0) return undefined;
  let light = text;
  for (const cut of [...cuts].sort((a, b) => b.start - a.start)) {
    const { name } = cut['key'] as unknown as { readonly name: string };
    light = `${light.slice(0, cut.start)}${name}: ${absent}${light.slice(cut.end)}`;
  }
  return `${light}${absence}`;
}

/** For the page's build alone. */
export function declarationsPlugin(): Plugin {
  let root = '';
  return {
    name: 'whittle:declarations',
    apply: 'build',
    enforce: 'pre',
    configResolved(config) {
      root = `${config.root.replaceAll('\\', '/')}/`;
    },
    transform: {
      filter: { id: /[\\/]src[\\/](core|formats)[\\/].*\.ts$/ },
      handler(text, id) {
        const path = id.replaceAll('\\', '/').replace(root, '');
        const code = declarationsOf(path, text);
        // Modules of core and formats do nothing when they are imported: what is not used of them may go.
        return code === undefined ? { moduleSideEffects: false } : { code, map: null, moduleSideEffects: false };
      },
    },
  };
}
