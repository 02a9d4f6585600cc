/** Holds the repository to its design, and shows on invented trees that each rule can fail. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  barrels,
  clientInWorker,
  cycles,
  forbiddenImports,
  impurities,
  LONG_FILES,
  lengthFaults,
  type Source,
  TOP_LEVEL,
} from './architecture';

const kernels = 'src/engine/backends/wasm/kernels/'; // AssemblyScript, which is not ours to parse

function readSources(folder: string): Source[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

const everything = readSources('src');
const sources = everything.filter(({ path }) => !path.startsWith(kernels));
const tests = readSources('tests');

describe('the repository', () => {
  test('has sources to look at', () => expect(sources.length).toBeGreaterThan(50));
  test('imports along the arrows only', () => expect(forbiddenImports(sources)).toEqual([]));
  test('keeps the client out of the worker', () => expect(clientInWorker(sources)).toEqual([]));
  test('has no cycles', () => expect(cycles(sources)).toEqual([]));
  test('has no long files', () => expect(lengthFaults([...everything, ...tests], LONG_FILES)).toEqual([]));
  test('has no barrels', () => expect(barrels(sources)).toEqual([]));
  test('has a core that reaches nothing outside', () => expect(impurities(sources)).toEqual([]));
  test('has nothing unexpected at the top', () => {
    const names = readdirSync('.').filter((name) => !name.startsWith('.'));
    expect(names.filter((name) => !TOP_LEVEL.some((pattern) => pattern.test(name)))).toEqual([]);
  });
});

describe('each rule can fail', () => {
  const file = (path: string, text: string): Source => ({ path, text });

  test.each([
    ['src/core/a.ts', "import { b } from '#engine/b';"],
    ['src/core/a.ts', "import type { b } from '#engine/b';"],
    ['src/core/a.ts', "export { b } from '../engine/b';"],
    ['src/core/a.ts', "await import('react');"],
    ['src/formats/onnx/read.ts', "import { b } from '#engine/b';"],
    ['src/engine/a.ts', "import { b } from '#formats/index';"],
    ['src/worker/protocol.ts', "import type { b } from '#engine/b';"],
    ['src/worker/client.ts', "import { b } from '#worker/session';"],
    ['src/stores/a.ts', "import { b } from '#formats/onnx/read';"],
    ['src/stores/a.ts', "import { b } from '#worker/protocol';"],
    ['src/stores/a.ts', "import '@tensorflow/tfjs-core';"],
    ['src/ui/kit/A.tsx', "import { b } from '#core/b';"],
    ['src/ui/train/A.tsx', "import { B } from '#ui/data/B.tsx';"],
    ['src/ui/train/A.tsx', "import { B } from '../data/B.tsx';"],
    ['src/ui/train/A.tsx', "import { b } from '#worker/client';"],
    ['src/somewhere/a.ts', ''],
    ['src/a.ts', ''],
  ])('%s: %s', (path, text) => expect(forbiddenImports([file(path, text)])).toHaveLength(1));

  test.each([
    ['src/engine/runtimes/onnx.ts', "import { b } from '#formats/index';"],
    ['src/stores/a.ts', "import type { b } from '#worker/protocol';"],
    ['src/ui/train/A.tsx', "import { B } from '#ui/train/B.tsx'; import { k } from '#ui/kit/K.tsx';"],
  ])('%s may: %s', (path, text) => expect(forbiddenImports([file(path, text)])).toEqual([]));

  test('the client in the worker', () => {
    expect(clientInWorker([file('src/worker/session.ts', "import { c } from '#worker/client';")])).toHaveLength(1);
  });

  test('a cycle', () => {
    const tree = [
      file('src/core/a.ts', "import { b } from '#core/b';"),
      file('src/core/b.ts', "import { c } from './model/c';"),
      file('src/core/model/c.ts', "import { a } from '../a';"),
      file('src/core/d.ts', "import { a } from '#core/a'; import type { E } from '#core/e';"),
      file('src/core/e.ts', "import type { D } from '#core/d';"),
    ];
    expect(cycles(tree)).toEqual(['core/a -> core/b -> core/model/c -> core/a']);
  });

  test('a long file, and an exception that is not needed', () => {
    const tree = [file('src/core/a.ts', '\n'.repeat(450).concat('1;')), file('src/core/b.ts', '1;')];
    expect(lengthFaults(tree, {})).toHaveLength(1);
    expect(lengthFaults(tree, { 'src/core/a.ts': 'a table' })).toEqual([]);
    expect(lengthFaults(tree, { 'src/core/a.ts': 'a table', 'src/core/b.ts': 'none' })).toHaveLength(1);
  });

  test('a barrel', () => {
    expect(barrels([file('src/core/index.ts', "export * from './a';")])).toHaveLength(1);
    expect(barrels([file('src/core/index.ts', "export { a } from './a';\nexport { b } from './b';")])).toHaveLength(1);
    expect(barrels([file('src/core/index.ts', "import { a } from './a';\nexport const list = [a];")])).toEqual([]);
  });

  test.each(['Date.now()', 'new Date()', 'Math.random()', "fetch('x')", 'document.title', 'setTimeout(f)'])(
    'core that uses %s',
    (text) => {
      expect(impurities([file('src/core/a.ts', `const x = ${text};`)])).toHaveLength(1);
      expect(impurities([file('src/engine/a.ts', `const x = ${text};`)])).toEqual([]);
    },
  );

  test('words that only look so', () => {
    expect(impurities([file('src/core/a.ts', "const x = 'Date.now()'; /* fetch */ const y = z.document;")])).toEqual(
      [],
    );
  });
});
