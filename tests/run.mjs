/**
 * `npm test`: every check of the repository, one after another, and as the last line how many passed and failed.
 * `npm test -- unit` runs some steps only (types, lint, unused, unit, build, e2e). Types, lint, unused and build count as one
 * check each. A step that could not run has failed.
 */
import { fileURLToPath } from 'node:url';
import { steps } from './run/steps.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const asked = process.argv.slice(2).map((name) => name.replace(/^--/, ''));
const unknown = asked.filter((name) => !steps.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(`There is no step ${unknown.join(', ')}. The steps: ${steps.map((step) => step.name).join(', ')}.`);
  process.exit(2);
}

// Browser tests look at the build, so asking for them alone builds first.
const chosen = steps.filter(
  ({ name }) => asked.length === 0 || asked.includes(name) || (name === 'build' && asked.includes('e2e')),
);

const lines = [];
let passed = 0;
let failed = 0;
for (const [index, step] of chosen.entries()) {
  console.log(`\n== ${index + 1}/${chosen.length} ${step.what} (${step.name})`);
  const start = performance.now();
  const outcome = await step.run().catch((error) => {
    console.error(error);
    return { passed: 0, failed: 1, skipped: 0 };
  });
  passed += outcome.passed;
  failed += outcome.failed;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const skipped = outcome.skipped ? `, ${outcome.skipped} skipped` : '';
  lines.push(`${step.name.padEnd(7)} ${outcome.passed} passed, ${outcome.failed} failed${skipped} (${seconds} s)`);
  console.log(lines.at(-1));
}

console.log(`\n${lines.map((line) => `  ${line}`).join('\n')}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
