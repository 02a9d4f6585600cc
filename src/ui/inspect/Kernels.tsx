/** The kernels before and after, side by side, and what their colours mean. */
import type { CSSProperties } from 'react';
import type { Inspection } from '#core/inspection/inspection';
import { type Picture, POINT } from '#core/inspection/picture';
import styles from '#ui/inspect/inspect.module.css';
import { KernelCanvas } from '#ui/inspect/KernelCanvas.tsx';
import { Help } from '#ui/kit/Layout.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';

export function Kernels({ found: { kind, before, after } }: { found: Inspection }) {
  const t = useText();
  const format = useFormat();
  const now = after?.picture;
  const isGone = now?.points.includes(POINT.gone) ?? false;
  const hasZeros = [before.picture, now].some((picture) => picture?.points.includes(POINT.zero));
  const caption = before.picture && captionOf(before.picture, kind === 'dense');
  const key = [
    { id: 'negative', swatch: 'var(--kernel-negative)', isShown: true },
    { id: 'positive', swatch: 'var(--kernel-positive)', isShown: true },
    { id: 'zero', swatch: 'var(--kernel-zero)', isShown: hasZeros },
    { id: 'gone', swatch: 'none', isShown: isGone },
  ] as const;
  return (
    <>
      <div className={styles.kernels}>
        {(['before', 'after'] as const).map((side) => {
          const picture = side === 'before' ? before.picture : now;
          return (
            <figure key={side}>
              <figcaption>{t(`inspect.${side}`)}</figcaption>
              {picture && <KernelCanvas picture={picture} label={`${t('inspect.kernels')}, ${t(`inspect.${side}`)}`} />}
              {!picture && after && <Help>{t('inspect.noPicture')}</Help>}
            </figure>
          );
        })}
      </div>
      <div className={styles.key}>
        {key.map(
          ({ id, swatch, isShown }) =>
            isShown && (
              <span key={id}>
                <i style={{ '--swatch': swatch } as CSSProperties} data-gone={id === 'gone' || undefined} />
                {t(`inspect.key.${id}`)}
              </span>
            ),
        )}
      </div>
      {before.picture && caption && (
        <Help>
          {t(`inspect.${caption}`, {
            outputs: format.count(before.picture.outputs[0]),
            allOutputs: format.count(before.picture.outputs[1]),
            inputs: format.count(before.picture.inputs[0]),
            allInputs: format.count(before.picture.inputs[1]),
          })}
        </Help>
      )}
    </>
  );
}

function captionOf({ kind, columns }: Picture, isDense: boolean): 'block' | 'images' | 'tiles' | 'tilesMany' {
  if (kind === 'block') return 'block';
  if (isDense) return 'images';
  return columns > 1 ? 'tilesMany' : 'tiles';
}
