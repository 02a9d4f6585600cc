import { beforeEach, expect, test } from 'vitest';
import { connect } from '#stores/engine';
import { imagesOf, MOST_IMAGES } from '#stores/only-together';
import type { Client } from '#worker/client';
import { ensemble } from '../ui/combine/nodes';
import { modelNode } from '../ui/models/nodes';

let asked: unknown[] = [];
beforeEach(() => {
  asked = [];
  const call = (name: string, request: unknown) => {
    asked.push([name, request]);
    return Promise.resolve({ shape: [8, 8, 1], images: [] });
  };
  connect({ call, dispose: () => undefined } as unknown as Client);
});

test('asks for the first of the images, with the ensemble before its members', async () => {
  await imagesOf(
    ensemble,
    Array.from({ length: 40 }, (_, index) => 3 * index),
  );
  expect(asked).toEqual([
    [
      'imagesAt',
      {
        dataset: 'digits',
        indices: Array.from({ length: MOST_IMAGES }, (_, index) => 3 * index),
        models: ['e', 'm-a', 'm-b'],
        fitted: ['e'],
      },
    ],
  ]);
});

test('asks nothing about what has no members', async () => {
  await expect(imagesOf(modelNode({ id: 'a', name: 'One' }), [1])).rejects.toThrow('One is no ensemble');
  expect(asked).toEqual([]);
});
