/**
 * How the built studio answers: on this computer only, at an address that is printed once it really answers, and with
 * 404 for what is not there, as a plain static host does.
 */
import type { Plugin } from 'vite';
import { headers } from './policy.ts';

/** `npm start` listens here unless PORT says otherwise. */
export const port = Number(process.env.PORT ?? 4173);

/** 127.0.0.1 is what `localhost` means everywhere; the name alone may mean only ::1. */
export const host = '127.0.0.1';

/** Sends the headers with every answer of the preview (also with 404) and prints the address as a person types it. */
export function servingPlugin(): Plugin {
  return {
    name: 'whittle:serving',
    configurePreviewServer(server) {
      server.middlewares.use((_request, response, next) => {
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
        next();
      });
      server.printUrls = () => console.log(`\nWhittle is ready: http://localhost:${port}/   (Ctrl+C stops it)`);
    },
  };
}
