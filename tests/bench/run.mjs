/**
 * `npm run bench [-- ROW …]`: the benchmarks. Prints a table with ratios and their intervals, appends every measurement to
 * tests/bench/results/ROW.csv and rewrites the README's table. Without names all rows run, in about a quarter of an hour;
 * `npm run bench -- table` only writes the tables anew from the CSV files.
 */
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const server = await createServer({
  configFile: false,
  logLevel: 'error',
  appType: 'custom',
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, ws: false, watch: null },
});
// The server above meant development; what is built and timed is what people get.
process.env.NODE_ENV = 'production';
try {
  const { bench } = await server.ssrLoadModule('/tests/bench/bench.ts');
  process.exitCode = await bench(process.argv.slice(2));
} finally {
  await server.close();
}
