/** The worker in which kernels.mjs times threads: a page itself may not wait for them. */
import { measure } from './kernels.ts';

self.onmessage = async ({ data }: MessageEvent<Parameters<typeof measure>>) => {
  try {
    self.postMessage({ result: await measure(...data) });
  } catch (error) {
    self.postMessage({ fault: String(error) });
  }
};
