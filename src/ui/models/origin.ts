/** What a model is on the page: in words, where it came from and what it is worth. */
import { useCallback } from 'react';
import { datasetFacts } from '#core/datasets';
import type { Words } from '#core/params';
import type { ModelNode } from '#stores/state';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { describeStep } from '#ui/param-form/describe.ts';

/** Says in a line where a model came from: "Magnitude pruning, Sparsity 90 %". */
export function useOrigin(): (node: ModelNode) => string {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const how = useCallback(
    (node: ModelNode): string => {
      const { origin } = node;
      switch (origin.kind) {
        case 'template':
          return t('models.origin.template');
        case 'opened':
          return t('models.origin.opened', { file: origin.file });
        case 'trained': {
          const count = origin.trace.at(-1)?.epoch ?? origin.settings.epochs;
          const epochs = format.number(count, 1);
          const said = node.dataset
            ? t('models.origin.trained', { count, epochs, dataset: words(datasetFacts(node.dataset).words.title) })
            : t('models.origin.trainedPlain', { count, epochs });
          return origin.stopped ? t('models.origin.stopped', { said }) : said;
        }
        case 'combined': {
          const { members = [] } = node.summary.ensemble ?? {};
          const way = words(origin.title ?? plain(origin.way));
          return t('models.origin.combined', { way, members: members.map(({ name }) => name).join(t('unit.and')) });
        }
        case 'made':
          return t('models.origin.made', { making: words(origin.title ?? plain(origin.making)) });
        case 'trees': {
          const method = words(origin.title ?? plain(origin.method));
          const { features = 'pixels' } = node.summary.trees ?? {};
          return features === 'pixels'
            ? t('models.origin.treesOnPixels', { method })
            : t('models.origin.treesOnLayer', { method, layer: features.layer, name: features.name });
        }
        case 'recipe':
          return origin.recipe.steps
            .filter(({ off }) => !off)
            .map((step) => describeStep(step, words, format))
            .join(' → ');
        default:
          throw origin satisfies never;
      }
    },
    [t, words, format],
  );
  return useCallback(
    (node: ModelNode) => {
      const { searched } = node;
      const said = how(node);
      return searched?.isBest ? t('models.origin.searched', { said, trials: searched.trials }) : said;
    },
    [t, how],
  );
}

/** A name that has none in words. */
const plain = (id: string): Words => ({ en: id, zh: id });

/** All numbers of a measured model in words, a line each, its name first. */
export function useDescription(): (node: ModelNode) => readonly string[] {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const origin = useOrigin();
  return useCallback(
    (node: ModelNode) => {
      const { summary, validation, test, latency } = node;
      const { parameters, nonZero } = summary;
      const kept = nonZero < parameters ? ` (${t('models.axisShort.nonZero')} ${format.count(nonZero)})` : '';
      const time = latency ? `, ${format.milliseconds(latency.medianMs)}` : '';
      const range = validation ? ` (${format.range(validation.low, validation.high, 1)})` : '';
      return [
        node.name,
        origin(node),
        `${format.count(parameters)} ${t('unit.parameters')}${kept}`,
        `${format.bytes(summary.bytes)}, ${format.short(summary.macs)} ${t('unit.macs')}${time}`,
        ...(validation ? [`${t('models.columns.validation')} ${format.percent(validation.value)}${range}`] : []),
        ...(test ? [`${t('models.columns.test')} ${format.percent(test.value)}`] : []),
        ...(node.dataset ? [words(datasetFacts(node.dataset).words.title)] : []),
      ];
    },
    [t, words, format, origin],
  );
}
