/** A recipe that was opened and waits to be used on a model, or why what was opened is none. */
import { Button } from '@mantine/core';
import { useStore } from 'zustand';
import { dismissOffer, recipes, takeUpOffer } from '#stores/recipes';
import type { ModelNode } from '#stores/state';
import { Notice } from '#ui/kit/Feedback.tsx';
import { Actions, Help } from '#ui/kit/Layout.tsx';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import styles from '#ui/optimize/recipe/recipe.module.css';
import { describeStep } from '#ui/param-form/describe.ts';

/** `node`: the model that it would be used on; null where there is none yet. */
export function Offer({ node }: { node: ModelNode | null }) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const { offered, openFault } = useStore(recipes);
  if (openFault)
    return <Notice level="error" text={t('recipe.fault')} hint={words(openFault)} onDismiss={dismissOffer} />;
  if (!offered) return null;
  const { recipe, source } = offered;
  const title = t('recipe.offer', { count: recipe.steps.length });
  return (
    <section className={styles.offer} aria-label={title}>
      <h3 className={styles.offerTitle}>
        {title}
        {source && <span className={styles.quiet}> {t('recipe.offerFrom', { source })}</span>}
      </h3>
      <ol className={styles.offerSteps}>
        {recipe.steps.map((step, at) => (
          <li key={at} data-off={step.off || undefined}>
            {describeStep(step, words, format)}
          </li>
        ))}
      </ol>
      {!node && <Help>{t('recipe.needsModel')}</Help>}
      <Actions>
        {node && (
          <Button size="xs" onClick={takeUpOffer}>
            {t('recipe.take', { name: node.name })}
          </Button>
        )}
        <Button size="xs" variant="default" onClick={dismissOffer}>
          {t('recipe.dismiss')}
        </Button>
      </Actions>
    </section>
  );
}
