/** How the chart comes to the page: lighter than recharts is by itself, and as soon as the page's own script. */
import type { Plugin } from 'vite';

const scales = ['scaleLinear', 'scaleLog', 'scaleBand', 'scalePoint'];
const resolvedId = '\0whittle:scales';

/**
 * Of d3's scales the chart draws with two, and recharts asks for all of them by name: without the others (times, colours)
 * the page is 7 kB gzip lighter. A chart that needs another one adds its name above; recharts draws nothing without it.
 */
export function scalesPlugin(): Plugin {
  return {
    name: 'whittle:scales',
    apply: 'build',
    enforce: 'pre',
    resolveId: { filter: { id: /^victory-vendor\/d3-scale$/ }, handler: () => resolvedId },
    load: { filter: { id: /whittle:scales$/ }, handler: () => `export { ${scales.join(', ')} } from 'd3-scale';` },
  };
}

/**
 * Names the chart's chunks in the page's head, so that they are fetched beside the script that will ask for them and not
 * after it. Only for screens on which the page begins with a chart.
 */
export function chartPlugin(): Plugin {
  return {
    name: 'whittle:chart',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle = {} }) {
        const chart = Object.values(bundle).find(
          (output) => output.type === 'chunk' && output.facadeModuleId?.endsWith('/ParetoChart.tsx'),
        );
        if (chart?.type !== 'chunk') throw new Error('the chart has no chunk of its own');
        return [chart.fileName, ...chart.imports]
          .filter((name) => !html.includes(name))
          .map((name) => ({
            tag: 'link',
            attrs: { rel: 'modulepreload', crossorigin: true, href: `./${name}`, media: '(min-width: 1200px)' },
            injectTo: 'head' as const,
          }));
      },
    },
  };
}
