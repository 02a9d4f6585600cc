/** The images that only the ensemble gets right, or only it gets wrong, fetched when somebody wants to see them. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { datasetFacts } from '#core/datasets';
import { imagesOf, MOST_IMAGES } from '#stores/only-together';
import type { ModelNode } from '#stores/state';
import { Thumbnails } from '#ui/combine/Thumbnails.tsx';
import { Notice } from '#ui/kit/Feedback.tsx';
import { Actions, Help, Section, Text } from '#ui/kit/Layout.tsx';
import { useText, useWords } from '#ui/kit/words.ts';
import type { ImagesAt } from '#worker/protocol-ensembles';

interface DifferingProps {
  readonly kind: 'only' | 'apart';
  readonly node: ModelNode;
  /** Of validation images. */
  readonly indices: readonly number[];
}

export function Differing({ kind, node, indices }: DifferingProps) {
  const t = useText();
  const words = useWords();
  const [images, setImages] = useState<ImagesAt | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [isAsked, setAsked] = useState(false);
  const show = () => {
    setAsked(true);
    setFault(null);
    imagesOf(node, indices).then(setImages, (error: unknown) => {
      setAsked(false);
      setFault(error instanceof Error ? error.message : String(error));
    });
  };
  const classes = node.dataset ? datasetFacts(node.dataset).classes.map((name) => words(name)) : [];
  return (
    <Section heading={t(`combine.${kind}`)}>
      {indices.length === 0 ? (
        <Text>{t('combine.onlyNone')}</Text>
      ) : (
        <Text>{t(`combine.${kind}Help`, { count: indices.length })}</Text>
      )}
      {images ? (
        <>
          <Thumbnails
            images={images}
            classNames={classes}
            members={node.summary.ensemble?.members.map(({ name }) => name) ?? []}
          />
          {indices.length > MOST_IMAGES && <Help>{t('combine.images.first', { count: MOST_IMAGES })}</Help>}
        </>
      ) : (
        indices.length > 0 && (
          <Actions>
            <Button size="xs" variant="default" loading={isAsked} onClick={show}>
              {t('combine.images.show')}
            </Button>
          </Actions>
        )
      )}
      {fault && <Notice level="error" text={fault} />}
    </Section>
  );
}
