/**
 * What the studio keeps for use without a network: the shell and Digits at once, everything larger (other data sets,
 * runtimes) when it is first used. A new version waits until the person agrees to it.
 */
import type { PluginOption } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';

/** Larger files are not fetched ahead; they are kept once somebody needed them. */
const aheadLimit = 1.5 * 1024 * 1024;

export function offlinePlugin(): PluginOption {
  return VitePWA({
    registerType: 'prompt',
    injectRegister: false,
    includeAssets: [],
    manifest: {
      name: 'Whittle',
      short_name: 'Whittle',
      description: 'A studio in the browser for making neural networks smaller.',
      start_url: './',
      scope: './',
      display: 'standalone',
      background_color: '#f8f6f2',
      theme_color: '#f8f6f2',
      icons: [
        { src: 'icons/192.png', sizes: '192x192', type: 'image/png' },
        { src: 'icons/512.png', sizes: '512x512', type: 'image/png' },
        { src: 'icons/maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        { src: 'favicon.svg', sizes: 'any', type: 'image/svg+xml' },
      ],
    },
    workbox: {
      globPatterns: ['**/*.{html,js,css,svg,png,wasm}', 'data/digits/*'],
      maximumFileSizeToCacheInBytes: 64 * 1024 * 1024,
      manifestTransforms: [
        async (entries) => ({ manifest: entries.filter((entry) => entry.size <= aheadLimit), warnings: [] }),
      ],
      cleanupOutdatedCaches: true,
      runtimeCaching: [
        {
          urlPattern: ({ url, sameOrigin }) => sameOrigin && /\/data\/|\.wasm$|\/assets\//.test(url.pathname),
          handler: 'CacheFirst',
          options: { cacheName: 'whittle-large', cacheableResponse: { statuses: [200] } },
        },
      ],
    },
  });
}
