/** What a run of hours needs: the data sets as the studio has them, networks by name, and a sign of life. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { packMnist } from '#build/pack-data';
import type { Architecture } from '#core/architecture';
import { templateById } from '#core/templates';
import type { Dataset } from '#engine/datasets/dataset';
import { type FourFiles, readFour } from '#engine/datasets/mnist';
import type { TrainProgress } from '#engine/train';

export async function readDataset(id: string): Promise<Dataset> {
  const names = ['train-images', 'train-labels', 'test-images', 'test-labels'] as const;
  const paths =
    id === 'mnist' ? await Promise.all(names.map(packMnist)) : names.map((name) => `public/data/${id}/${name}.idx.gz`);
  const files = paths.map((path) => new Uint8Array(gunzipSync(readFileSync(path)))) as unknown as FourFiles;
  return id === 'mnist' ? readFour('mnist', files) : readFour('fashion-mnist', files, 70_000);
}

/** A template's id, or the layers. */
export function architectureOf(network: string | Architecture, { shape, classes }: Dataset): Architecture {
  if (typeof network !== 'string') return network;
  const template = templateById(network);
  if (!template) throw new Error(`There is no template ${network}.`);
  return template.architecture(shape, classes.length);
}

/** A line every half minute. */
export function reporter(log: (line: string) => void): (progress: TrainProgress) => void {
  let last = performance.now();
  return ({ point, totalSteps }) => {
    if (performance.now() - last < 30_000) return;
    last = performance.now();
    log(
      `    step ${point.step} of ${totalSteps}, train ${point.trainAccuracy.toFixed(4)}, validation ${point.validationAccuracy?.toFixed(4) ?? ''}`,
    );
  };
}

/** Now, as lines have it. */
export const moment = (): string => `${new Date().toISOString().slice(0, 19)}Z`;
