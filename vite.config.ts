/**
 * How Whittle is built, served while developing, previewed and unit-tested. The parts are in src/build.
 */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { chartPlugin, scalesPlugin } from './src/build/chart.ts';
import { declarationsPlugin } from './src/build/declarations.ts';
import { licencesPlugin } from './src/build/licences.ts';
import { ensembleLoaderPlugin, loaderPlugin } from './src/build/loader.ts';
import { offlinePlugin } from './src/build/offline.ts';
import { packDataPlugin } from './src/build/pack-data.ts';
import { developmentHeaders, headers, policyPlugin } from './src/build/policy.ts';
import { host, port, servingPlugin } from './src/build/serving.ts';
import { kernelsPlugin } from './src/build/wasm.ts';

export default defineConfig({
  // Relative addresses only: the build runs from any folder of any web server.
  base: './',
  // No single-page fallback: a missing file is a 404 here as it is on a static host.
  appType: 'mpa',
  plugins: [
    react(),
    declarationsPlugin(),
    scalesPlugin(),
    chartPlugin(),
    kernelsPlugin(),
    packDataPlugin(),
    loaderPlugin(),
    ensembleLoaderPlugin(),
    policyPlugin(),
    licencesPlugin(),
    servingPlugin(),
    offlinePlugin(),
  ],
  worker: {
    format: 'es',
    plugins: () => [kernelsPlugin(), ensembleLoaderPlugin(), licencesPlugin()],
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  server: { host, headers: developmentHeaders },
  preview: { host, port, strictPort: true, headers },
  build: {
    target: 'es2023',
    // HDF5 is one file of 4.8 MB, read when somebody opens or writes a Keras file.
    chunkSizeWarningLimit: 5000,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      checks: { bundlerTimings: false },
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/, priority: 2 },
            { name: 'mantine', test: /node_modules[\\/]@mantine[\\/]/, priority: 1 },
          ],
        },
      },
    },
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          environment: 'node',
          // Bars are on results. Time limits only stop what hangs, also on a machine that does much else.
          testTimeout: 30_000,
          hookTimeout: 60_000,
          include: [
            'tests/{core,formats,engine,worker,i18n,build,bench,cli,run}/**/*.test.ts',
            'tests/architecture.test.ts',
          ],
        },
      },
      {
        extends: true,
        test: {
          name: 'dom',
          environment: 'jsdom',
          testTimeout: 30_000,
          include: ['tests/{ui,stores}/**/*.test.{ts,tsx}'],
          setupFiles: ['tests/run/dom-setup.ts'],
        },
      },
    ],
  },
});
