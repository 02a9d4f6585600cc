/** Images of a data set with what they are and what was said of them. The first few at once, the rest when asked for. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ClassNames } from '#ui/evaluate/class-names.ts';
import styles from '#ui/evaluate/evaluate.module.css';
import { Help } from '#ui/kit/Layout.tsx';
import { PixelImage } from '#ui/kit/PixelImage.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';
import type { JudgedImages } from '#worker/protocol-evaluation';

interface ImagesProps {
  readonly found: JudgedImages;
  readonly classes: ClassNames;
  /** The sign of each predictor that answered; null where there is only one, whose answer is said above all images. */
  readonly said: readonly (string | null)[];
  /** What to say where there is none. */
  readonly none: string;
}

const AT_FIRST = 18;

export function Images({ found, classes, said, none }: ImagesProps) {
  const t = useText();
  const format = useFormat();
  const [isWhole, setWhole] = useState(false);
  const { images, total, shape } = found;
  if (total === 0) return <Help>{none}</Help>;
  const isSeveral = said.length > 1;
  const shown = isWhole ? images : images.slice(0, AT_FIRST);
  return (
    <>
      <ul className={styles.images} data-wide={isSeveral || undefined}>
        {shown.map(({ index, pixels, truth, answers }) => (
          <li key={index} className={styles.image}>
            <PixelImage
              pixels={pixels}
              shape={shape}
              label={t('evaluate.images.truth', { name: classes.name(truth) })}
            />
            {isSeveral && <span className={styles.truth}>{classes.name(truth)}</span>}
            {answers.map(({ answer, confidence }, at) => {
              const isRight = answer === truth;
              const judgement = t(isRight ? 'evaluate.images.right' : 'evaluate.images.wrong');
              return (
                <span key={said[at] ?? 'only'} className={styles.answer} data-right={isRight || undefined}>
                  {said[at] && <b>{said[at]}</b>}
                  {isSeveral && (
                    <>
                      <span aria-hidden="true">{isRight ? '✓' : '✗'}</span>
                      <span className="w-hidden">{judgement}</span>
                      <span className={styles.answerName} title={classes.name(answer)}>
                        {classes.name(answer)}
                      </span>
                    </>
                  )}
                  <span className={styles.sure}>{format.percent(confidence, 0)}</span>
                </span>
              );
            })}
          </li>
        ))}
      </ul>
      {total > shown.length && (
        <div className={styles.rest}>
          <Help>{t('evaluate.images.shown', { shown: format.count(shown.length), total: format.count(total) })}</Help>
          {!isWhole && images.length > shown.length && (
            <Button size="xs" variant="default" onClick={() => setWhole(true)}>
              {t('evaluate.images.more')}
            </Button>
          )}
        </div>
      )}
    </>
  );
}
