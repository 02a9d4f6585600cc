/** On how many images single layers were measured, and what the model that they are compared with has on the same ones. */
import { datasetFacts } from '#core/datasets';
import type { ModelNode } from '#stores/state';
import { useFormat, useText } from '#ui/kit/words.ts';
import type { Alone } from '#worker/protocol';

/** Accuracy of the model that a change was compared with, on the images that the change was seen on. */
export function baseOf({ accuracy, difference }: Alone): number {
  return accuracy.value - difference.value;
}

export function SeenOn({ base, alone }: { base: ModelNode; alone: Alone }) {
  const t = useText();
  const format = useFormat();
  const { images } = alone;
  const isAll = base.dataset !== null && images >= datasetFacts(base.dataset).sizes.validation;
  return t(isAll ? 'sensitivity.seenOnAll' : 'sensitivity.seenOn', {
    images: format.count(images),
    name: base.name,
    accuracy: format.percent(baseOf(alone)),
  });
}
