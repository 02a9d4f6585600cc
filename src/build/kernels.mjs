/** `npm run build:wasm`: compiles the kernels if their sources changed, and says where they are and how large. */
import { statSync } from 'node:fs';
import { createServer } from 'vite';

const server = await createServer({
  configFile: false,
  logLevel: 'error',
  server: { middlewareMode: true, ws: false },
});
try {
  const { buildKernels } = await server.ssrLoadModule('/src/build/wasm.ts');
  for (const [variant, path] of Object.entries(await buildKernels())) {
    console.log(`${variant}: ${path}, ${statSync(path).size} bytes`);
  }
} finally {
  await server.close();
}
