/**
 * The weight of the page: a first visit is usable after at most 350 kB, chart included. Bytes are a count, not a time.
 *
 * What was tried, in kB gzip (15 methods, 388 at first): methods and formats without what they do, 55 -> 24 for the page's own
 * code, and a second copy of HDF5 gone from the build; the engine and the copy for use without a network fetched once the
 * chart is drawn, -72 (the engine's own start is 36 since methods, formats and training come when they are asked for);
 * Chinese when it is spoken, -9; recharts with two of d3's scales, -7. Drawing the chart without Suspense, which holds back
 * what comes within 0.3 s of its fallback, brought "usable" from 0.92 to 0.74 s. Not worth it: recharts' modules one by one
 * (they are shaken already), react-dropzone (9) and Mantine's unused colours (2) by hand.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { bytesOf, firstVisit, LOAD_BUDGET, listed } from './first-visit';

test('a first visit needs at most 350 kB gzip until the page is usable', async ({ page, baseURL }) => {
  const { needed, further, usable, ready } = await firstVisit(page, baseURL as string);
  const [before, after] = [bytesOf(needed), bytesOf(further)];
  test
    .info()
    .annotations.push(
      { type: 'until usable', description: `${before} bytes, ${Math.round(usable)} ms: ${listed(needed)}` },
      { type: 'until ready', description: `${after} bytes more, ${Math.round(ready)} ms: ${listed(further)}` },
    );
  // What is counted is there: the page, its code, its styles, the chart.
  for (const name of [/^index\.html$/, /^index-.*\.js$/, /^react-.*\.js$/, /\.css$/, /^ParetoChart-.*\.js$/])
    expect(needed.filter((one) => name.test(one.name)).length, String(name)).toBeGreaterThan(0);
  // The same file is not fetched twice, though the page's head and its script both name it.
  expect(new Set(needed.map(({ name }) => name)).size).toBe(needed.length);
  expect(further.some(({ name }) => /^worker-.*\.js$/.test(name))).toBe(true);
  expect(before, listed(needed)).toBeLessThanOrEqual(LOAD_BUDGET);
});

test('what the page fetches holds no method, no reader and no engine', () => {
  const folder = 'dist/assets';
  const names = readdirSync(folder).filter((name) => name.endsWith('.js'));
  const text = (name: string): string => readFileSync(`${folder}/${name}`, 'utf8');
  /** All that follows from the page's own script, whenever it is fetched. */
  const reached = new Set<string>();
  const visit = (name: string): void => {
    if (reached.has(name) || !names.includes(name)) return;
    reached.add(name);
    // The workers' scripts are addresses here, not imports.
    for (const [, next] of text(name).matchAll(/(?:from|import)\s*\(?["'`]\.\/([\w.-]+\.js)["'`]/g))
      visit(next as string);
  };
  const [, entry] = /src="\.\/assets\/([\w.-]+\.js)"/.exec(readFileSync('dist/index.html', 'utf8')) ?? [];
  visit(entry as string);
  expect(reached.size).toBeGreaterThan(10);
  const page = [...reached].map((name) => ({ name, code: text(name) }));
  const holding = (what: RegExp): string[] => page.filter(({ code }) => what.test(code)).map(({ name }) => name);
  expect(holding(/h5wasm|libhdf5|FS_createPath/)).toEqual([]);
  expect(holding(/registerBackend|GPUShaderStage|createComputePipeline/)).toEqual([]);
  expect(holding(/modelTopology/)).toEqual([]);
});
