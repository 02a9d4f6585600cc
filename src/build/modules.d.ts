/**
 * What the bundler lets a file import besides TypeScript: style sheets, addresses of files (`?url`) and workers.
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
