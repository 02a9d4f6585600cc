/**
 * `npm run bench [-- ROW …]`: the benchmarks. Prints a table with ratios and their intervals, appends every measurement to
 * tests/bench/results/ROW.csv and rewrites the README's table. Without names all rows run, in about twenty minutes;
 * `npm run bench -- table` only writes the tables anew from the CSV files. `npm run bench -- recipes [row …]` runs recipes, for hours,
 * `npm run bench -- ensembles [row …]` members and ways of combining them; both go on where they ended: see recipes/ and ensembles/.
 */
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { createServer } from 'vite';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const words = process.argv.slice(2);
// Recipes and ensembles run in Node, on the product's own kernels; Node 20 has relaxed SIMD behind a flag, and later ones are nearly twice as fast.
const recipes = words[0] === 'recipes';
const ensembles = words[0] === 'ensembles';
const isLong = recipes || ensembles;
const isOld = Number.parseInt(process.versions.node, 10) < 21;
if (isLong && isOld) setFlagsFromString('--experimental-wasm-relaxed-simd');
const server = await createServer({
  ...(isLong ? { mode: 'test' } : { configFile: false }),
  logLevel: 'error',
  appType: 'custom',
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, ws: false, watch: null },
});
// The server above meant development; what is built and timed is what people get.
process.env.NODE_ENV = 'production';
try {
  if (recipes) {
    const { benchRecipes } = await server.ssrLoadModule('/tests/bench/recipes/bench.ts');
    process.exitCode = await benchRecipes(words.slice(1));
  } else if (ensembles) {
    const { benchEnsembles } = await server.ssrLoadModule('/tests/bench/ensembles/bench.ts');
    process.exitCode = await benchEnsembles(words.slice(1));
  } else {
    const { bench } = await server.ssrLoadModule('/tests/bench/bench.ts');
    process.exitCode = await bench(words);
  }
} finally {
  await server.close();
}
