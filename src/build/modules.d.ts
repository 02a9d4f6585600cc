/**
 * What the bundler lets a file import besides TypeScript: style sheets, addresses of files (`?url`), the kernels.
 * Declared here once, without Vite's own types, because those bring the page's globals into the workers.
 */
declare module '*.css';

declare module '*?url' {
  const address: string;
  export default address;
}

interface ImportMetaEnv {
  readonly BASE_URL: string;
  readonly DEV: boolean;
  readonly PROD: boolean;
  readonly MODE: string;
}

interface ImportMeta {
  readonly env: ImportMetaEnv;
}

/** The addresses of the compiled kernels, one a variant: see wasm.ts. */
declare module 'virtual:kernels' {
  const addresses: Readonly<Record<'simd' | 'relaxed' | 'simdShared' | 'relaxedShared', string>>;
  export default addresses;
}

/** The text of the module that asks an exported ensemble: see loader.ts. */
declare module 'virtual:ensemble-loader' {
  const text: string;
  export default text;
}

/** Written by vite-plugin-pwa: see offline.ts. */
declare module 'virtual:pwa-register' {
  /** Registers the service worker; the answer, called with true, changes to the new version and reloads the page. */
  export function registerSW(options?: {
    /** A new version has been fetched and waits. */
    onNeedRefresh?: () => void;
    /** Everything needed without a network is there. */
    onOfflineReady?: () => void;
  }): (reload?: boolean) => Promise<void>;
}
