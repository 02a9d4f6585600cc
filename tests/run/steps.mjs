/** The steps of the suite in their order, and how each of them counts what passed and failed. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureChromium } from './chromium.mjs';
import { oneCheck, runProgram } from './step.mjs';

/**
 * @typedef {import('./step.mjs').Outcome} Outcome
 * @typedef {import('./step.mjs').Step} Step
 */

/** @param {string} name */
const bin = (name) => join('node_modules', '.bin', name);

const reports = 'node_modules/.cache/whittle/reports';

/** Every folder's tsconfig: one for each layer and for its tests. */
function typeScriptProjects() {
  const folders = ['src', 'tests'].flatMap((top) => [
    top,
    ...readdirSync(top, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(top, entry.name)),
  ]);
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /^tsconfig(\.[a-z]+)?\.json$/.test(name))
      .map((name) => join(folder, name)),
  );
}

/** One check, however many projects: all of them are looked at, and every error is shown. */
async function types() {
  let failed = 0;
  for (const project of typeScriptProjects()) {
    const { code, output } = await runProgram(bin('tsc'), ['--pretty', 'false', '-p', project], {
      quiet: true,
    });
    // A layer without a file yet has nothing to check.
    if (code === 0 || (code === 2 && output.includes('TS18003'))) continue;
    failed = 1;
    console.log(`${project}\n${output}`);
  }
  return { passed: 1 - failed, failed };
}

/**
 * Reads a reporter's JSON; undefined when it was not written.
 * @param {string} path
 * @returns {any}
 */
function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** @param {string} name */
function newReport(name) {
  mkdirSync(reports, { recursive: true });
  const path = join(reports, name);
  rmSync(path, { force: true });
  return path;
}

/**
 * A program that failed without a failed test (a file that does not load, an error outside tests) has failed once.
 * @param {number | undefined} code
 * @param {Outcome} outcome
 * @returns {Outcome}
 */
function withExit(code, outcome) {
  return code === 0 || outcome.failed > 0 ? outcome : { ...outcome, failed: 1 };
}

async function unit() {
  const path = newReport('unit.json');
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${path}`];
  const { code } = await runProgram(bin('vitest'), args, { minutes: 11 });
  const report = readReport(path);
  if (!report) return { passed: 0, failed: 1 };
  const broken = report.testResults.filter(
    (/** @type {any} */ file) =>
      file.status === 'failed' && !file.assertionResults.some((/** @type {any} */ test) => test.status === 'failed'),
  );
  return withExit(code, {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  });
}

async function browser() {
  const chromium = ensureChromium();
  if (!chromium) {
    console.error('There is no Chromium, and none could be installed. Set CHROMIUM_PATH to one.');
    return { passed: 0, failed: 1 };
  }
  console.log(`Chromium: ${chromium}`);
  const path = newReport('browser.json');
  const { code } = await runProgram(bin('playwright'), ['test', '--reporter=list,json'], {
    minutes: 15,
    env: { CHROMIUM_PATH: chromium, PLAYWRIGHT_JSON_OUTPUT_FILE: path, PLAYWRIGHT_JSON_OUTPUT_NAME: path },
  });
  const report = readReport(path);
  if (!report) return { passed: 0, failed: 1 };
  const { expected, unexpected, flaky, skipped } = report.stats;
  return withExit(code, { passed: expected, failed: unexpected + flaky, skipped });
}

const biome = ['ci', '--max-diagnostics=200', ...(process.stdout.isTTY ? [] : ['--colors=off']), '.'];

/** @type {readonly Step[]} */
export const steps = [
  { name: 'types', what: 'types, layer by layer', run: types },
  {
    name: 'lint',
    what: 'lint, formatting and import rules',
    run: () => oneCheck(bin('biome'), biome),
  },
  { name: 'unused', what: 'unused files and dependencies', run: () => oneCheck(bin('knip'), []) },
  { name: 'unit', what: 'unit tests', run: unit },
  {
    name: 'build',
    what: 'build',
    run: () => oneCheck(bin('vite'), ['build', '--logLevel', 'warn'], 4),
  },
  { name: 'e2e', what: 'browser tests of the build', run: browser },
];
