/** Trees that were grown: how good they are, how large, and on pixels where they look. */
import { Button } from '@mantine/core';
import { datasetFacts } from '#core/datasets';
import { setCombineView, setMembers } from '#stores/combine';
import type { ModelNode } from '#stores/state';
import styles from '#ui/combine/combine.module.css';
import { Closer } from '#ui/combine/Onward.tsx';
import { Actions, Help, Section, Text } from '#ui/kit/Layout.tsx';
import { PixelImage } from '#ui/kit/PixelImage.tsx';
import { Stat, Stats } from '#ui/kit/Stat.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';
import { distil } from '#ui/predictor/distil.ts';

interface TreesProps {
  readonly node: ModelNode;
  /** Of each feature, 0 to 1; empty where nobody counted. */
  readonly importance: readonly number[];
}

export function TreesResult({ node, importance }: TreesProps) {
  const t = useText();
  const format = useFormat();
  const { test, validation, summary } = node;
  const facts = summary.trees;
  const shape = node.dataset ? datasetFacts(node.dataset).shape : null;
  const pixels = shape && facts?.features === 'pixels' ? importance : null;
  return (
    <>
      <Stats>
        {test && (
          <Stat
            label={t('combine.lines.test')}
            value={format.percent(test.value)}
            raw={test.value}
            note={format.range(test.low, test.high, 1)}
          />
        )}
        {validation && (
          <Stat
            label={t('combine.accuracy')}
            value={format.percent(validation.value)}
            raw={validation.value}
            note={format.range(validation.low, validation.high, 1)}
          />
        )}
        <Stat label={t('combine.lines.bytes')} value={format.bytes(summary.bytes)} raw={summary.bytes} />
      </Stats>
      {facts && (
        <Text>
          {t('combine.treesFacts', {
            count: facts.trees,
            trees: format.count(facts.trees),
            depth: format.count(facts.depth),
            comparisons: format.count(facts.comparisons),
          })}
        </Text>
      )}
      {pixels && shape && pixels.length === shape.reduce((a, b) => a * b, 1) && (
        <Section heading={t('combine.importance')}>
          <div className={styles.importance}>
            <PixelImage
              pixels={Uint8Array.from(pixels, (share) => Math.round(255 * Math.sqrt(share)))}
              shape={shape}
              label={t('combine.importance')}
            />
          </div>
          <Help>{t('combine.importanceHelp')}</Help>
        </Section>
      )}
      <Actions>
        <Button
          size="xs"
          onClick={() => {
            setMembers([node.id]);
            setCombineView('combine');
          }}
        >
          {t('combine.instead.combine')}
        </Button>
        <Button size="xs" variant="default" onClick={() => distil(node)}>
          {t('combine.distil')}
        </Button>
        <Closer />
      </Actions>
    </>
  );
}
