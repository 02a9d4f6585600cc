/**
 * The headers that Whittle is served with, said once: the development server, the preview, the built page and the
 * `_headers` file for static hosts all take them from here. `connect-src 'self'` is what keeps models and data on the
 * computer they were opened on; the two cross-origin headers give the engine shared memory and a precise clock.
 */
import type { Plugin } from 'vite';

const directives: Readonly<Record<string, string>> = {
  'default-src': "'none'",
  'script-src': "'self' 'wasm-unsafe-eval'",
  'worker-src': "'self'",
  'connect-src': "'self'",
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data: blob:",
  'font-src': "'self'",
  'manifest-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
  'object-src': "'none'",
};

const join = (entries: readonly (readonly [string, string])[]) => entries.map((entry) => entry.join(' ')).join('; ');

/** The whole policy, for a header. */
export const policy = join(Object.entries(directives));

/** The same without `frame-ancestors`, which browsers refuse in a meta tag. */
export const metaPolicy = join(Object.entries(directives).filter(([name]) => name !== 'frame-ancestors'));

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
} as const;

/** What the built studio is served with. */
export const headers: Readonly<Record<string, string>> = { 'Content-Security-Policy': policy, ...isolation };

/** While developing, Vite puts an inline script into the page and talks over a web socket. */
export const developmentHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': policy
    .replace("script-src 'self'", "script-src 'self' 'unsafe-inline'")
    .replace("connect-src 'self'", "connect-src 'self' ws: wss:"),
  ...isolation,
};

/** Puts the policy into the built page, and the headers beside it for hosts that read a `_headers` file. */
export function policyPlugin(): Plugin {
  return {
    name: 'whittle:policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: metaPolicy },
        injectTo: 'head-prepend',
      },
    ],
    generateBundle() {
      const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`);
      this.emitFile({ type: 'asset', fileName: '_headers', source: `/*\n${lines.join('\n')}\n` });
    },
  };
}
