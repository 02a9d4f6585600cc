/**
 * Of d3's scales the chart draws with two, and recharts asks for all of them by name: without the others (times, colours)
 * the page is 8 kB gzip lighter. A chart that needs another one adds its name here; recharts draws nothing without it.
 */
import type { Plugin } from 'vite';

const scales = ['scaleLinear', 'scaleLog', 'scaleBand', 'scalePoint'];
const resolvedId = '\0whittle:scales';

export function scalesPlugin(): Plugin {
  return {
    name: 'whittle:scales',
    apply: 'build',
    enforce: 'pre',
    resolveId: { filter: { id: /^victory-vendor\/d3-scale$/ }, handler: () => resolvedId },
    load: { filter: { id: /whittle:scales$/ }, handler: () => `export { ${scales.join(', ')} } from 'd3-scale';` },
  };
}
