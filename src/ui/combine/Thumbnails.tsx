/** Validation images with what each member and all together answer to them: the ones that only the ensemble gets right, or wrong. */
import styles from '#ui/combine/combine.module.css';
import { PixelImage } from '#ui/kit/PixelImage.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';
import type { ImagesAt } from '#worker/protocol-ensembles';

interface ThumbnailsProps {
  /** The ensemble's answer comes first, then the members' in order. */
  readonly images: ImagesAt;
  readonly classNames: readonly string[];
  readonly members: readonly string[];
}

export function Thumbnails({ images, classNames, members }: ThumbnailsProps) {
  const t = useText();
  const format = useFormat();
  const nameOf = (label: number | undefined) => (label === undefined ? '?' : (classNames[label] ?? String(label)));
  return (
    <ul className={styles.images}>
      {images.images.map(({ index, pixels, truth, answers }) => {
        const [together, ...alone] = answers;
        return (
          <li key={index} className={styles.image}>
            <PixelImage pixels={pixels} shape={images.shape} label={t('combine.images.is', { name: nameOf(truth) })} />
            <dl className={styles.answers}>
              <div>
                <dt>{t('combine.images.truth')}</dt>
                <dd>{nameOf(truth)}</dd>
              </div>
              <div data-right={together?.answer === truth}>
                <dt>{t('combine.images.together')}</dt>
                <dd>{nameOf(together?.answer)}</dd>
              </div>
              <div>
                <dt>{t('combine.images.alone')}</dt>
                <dd>
                  {alone.map(({ answer, confidence }, member) => (
                    <span
                      key={members[member] ?? member}
                      className={styles.said}
                      data-right={answer === truth}
                      title={`${members[member] ?? member + 1}: ${nameOf(answer)}, ${format.percent(confidence, 0)}`}
                    >
                      {nameOf(answer)}
                    </span>
                  ))}
                </dd>
              </div>
            </dl>
          </li>
        );
      })}
    </ul>
  );
}
