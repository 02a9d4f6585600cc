/** What the page's build keeps of methods and formats: all that they declare, nothing that they do. */
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { describe, expect, test } from 'vitest';
import { declarationsOf, declarationsPlugin } from '#build/declarations';
import { ENSEMBLES } from '#core/ensembles/index';
import { MAKINGS } from '#core/ensembles/making/index';
import { PASSES } from '#core/passes/index';
import { TREE_METHODS } from '#core/trees/index';
import { FORMATS } from '#formats/index';

const pass = `import { work } from '#core/numeric/work';
import { definePass } from '#core/pass';
export const one = definePass({
  id: 'one',
  words: { title: { en: 'One {', zh: '一' } },
  formula: ({ bits }) => String(bits),
  async prepare(model) {
    return work(model);
  },
  apply: async (model) => ({ model }),
  sketch,
  idle: (model) => work(model),
});
function sketch() {}
`;

describe('one declaration', () => {
  test('of a pass loses what it does, and stays whole otherwise', () => {
    const light = declarationsOf('src/core/passes/one.ts', pass) as string;
    for (const kept of ["id: 'one'", "'One {'", 'formula: ({ bits }) => String(bits)', 'function sketch() {}'])
      expect(light).toContain(kept);
    for (const name of ['prepare', 'apply', 'sketch', 'idle']) expect(light).toContain(`  ${name}: onlyInTheWorker,`);
    expect(light).not.toContain('work(model)');
  });

  test('of a format loses its readers and writers', () => {
    const text = `export const one = {
      id: 'one', extensions: ['.one'], detect: (head) => head.size > 0,
      read: async (bundle) => (await import('#formats/one/read')).read(bundle),
    } as const satisfies Format;`;
    const light = declarationsOf('src/formats/one/index.ts', text) as string;
    expect(light).toContain("extensions: ['.one'], detect: onlyInTheWorker,");
    expect(light).toContain('read: onlyInTheWorker');
    // A format without a writer still has none.
    expect(light).not.toContain('write');
    expect(light).not.toContain('import(');
  });

  test('other modules stay as they are', () => {
    for (const path of ['src/core/recipe.ts', 'src/formats/index.ts', 'src/engine/train.ts', 'src/core/pass.ts'])
      expect(declarationsOf(path, pass)).toBeUndefined();
    expect(declarationsOf('src/core/passes/shared/rank.ts', 'export const apply = () => 1;')).toBeUndefined();
  });
});

/** Bundles what the page imports of core and formats, and gives its text and where it came from. */
async function bundled(text: string): Promise<{ code: string; modules: readonly string[] }> {
  const output = (await build({
    configFile: false,
    logLevel: 'error',
    plugins: [
      declarationsPlugin(),
      { name: 'entry', resolveId: (id) => (id === 'entry' ? id : null), load: (id) => (id === 'entry' ? text : null) },
    ],
    resolve: { alias: [{ find: /^#(core|formats)\/(.*)$/, replacement: `${resolve('src')}/$1/$2.ts` }] },
    build: { write: false, minify: false, target: 'es2023', rolldownOptions: { input: 'entry' } },
  })) as Rolldown.RolldownOutput;
  const chunks = output.output.filter((one) => one.type === 'chunk');
  return {
    code: chunks.map(({ code }) => code).join('\n'),
    modules: chunks.flatMap((chunk) =>
      Object.entries(chunk.modules)
        .filter(([, { renderedLength }]) => renderedLength > 0)
        .map(([id]) => id.replaceAll('\\', '/').replace(/^.*\/src\//, '')),
    ),
  };
}

describe('the page', () => {
  test('has every method and none of its arithmetic', async () => {
    const { code, modules } = await bundled("import { PASSES } from '#core/passes/index'; globalThis.passes = PASSES;");
    for (const { id } of PASSES) expect(code).toContain(`id: "${id}"`);
    expect(modules).toContain('core/passes/magnitude-pruning.ts');
    // A formula may need a line of arithmetic; what works on models, and whatever is heavy, stays with the workers.
    const working = /^core\/(coding|metrics|model\/(edit|channels|create|validate))/;
    expect(modules.filter((name) => working.test(name))).toEqual([]);
    const arithmetic = modules.filter((name) => name.startsWith('core/numeric/'));
    expect(arithmetic.filter((name) => !/(affine-grid|intervals|quantile)\.ts$/.test(name))).toEqual([]);
    // Words in two languages, parameters and a formula: in the mean so many bytes a method, as hosts send them.
    expect(gzipSync(code).length / PASSES.length).toBeLessThan(1500);
    expect(code).not.toMatch(/async (prepare|apply|sketch)\(/);
  });

  test('has every way of combining, making members and growing trees, and none of their arithmetic', async () => {
    const { code, modules } = await bundled(`
      import { ENSEMBLES } from '#core/ensembles/index';
      import { MAKINGS } from '#core/ensembles/making/index';
      import { TREE_METHODS } from '#core/trees/index';
      globalThis.ways = [ENSEMBLES, MAKINGS, TREE_METHODS];`);
    const all = [...ENSEMBLES, ...MAKINGS, ...TREE_METHODS];
    for (const { id } of all) expect(code).toContain(`id: "${id}"`);
    const working = /^core\/(metrics|model|numeric|ensembles\/shared\/(?!words)|trees\/(grow|bins|answer))/;
    expect(modules.filter((name) => working.test(name))).toEqual([]);
    expect(code).not.toMatch(/async (make|grow|fit)\(/);
    expect(gzipSync(code).length / all.length).toBeLessThan(1500);
  });

  test('has every format and none of its readers', async () => {
    const { code, modules } = await bundled(
      "import { FORMATS, checkFileSizes } from '#formats/index'; globalThis.formats = [FORMATS, checkFileSizes];",
    );
    for (const { id } of FORMATS) expect(code).toContain(`id: "${id}"`);
    expect(modules.filter((name) => /(read|write|hdf5|zip)\.ts$/.test(name))).toEqual([]);
    expect(code).toContain('checkFileSizes');
  });
});
