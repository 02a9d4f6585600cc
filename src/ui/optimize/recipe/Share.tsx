/** A recipe leaves as text, as a file or as a link, and comes back from a file. */
import { Button } from '@mantine/core';
import { useRef, useState } from 'react';
import { missingModels, recipeOf, START } from '#stores/lineage';
import { recipeFragment } from '#stores/recipe-link';
import { openRecipe } from '#stores/recipes';
import type { Draft } from '#stores/state';
import { download, isCopied } from '#ui/kit/hand-over.ts';
import { Actions, Help, Section } from '#ui/kit/Layout.tsx';
import { useText } from '#ui/kit/words.ts';

type Said = 'copy' | 'link' | 'copyFailed' | null;

export function Share({ draft, name }: { draft: Draft; name: string }) {
  const t = useText();
  const field = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState<Said>(null);
  const recipe = recipeOf(draft);
  const json = () => `${JSON.stringify(recipe, null, 2)}\n`;
  // Every model beside the start is this project's own.
  const namesModels = recipe.steps.some((step) => missingModels({}, step).length > 0);
  const copy = async (what: 'copy' | 'link', text: Promise<string> | string) => {
    const copied = await isCopied(await text);
    setSaid(copied ? what : 'copyFailed');
    if (copied) setTimeout(() => setSaid(null), 2000);
  };
  const address = async () => `${location.origin}${location.pathname}${await recipeFragment(recipe)}`;
  const none = draft.steps.length === 0;
  return (
    <Section heading={t('recipe.share')}>
      <Actions>
        <Button size="xs" variant="default" disabled={none} onClick={() => void copy('copy', json())}>
          {t(said === 'copy' ? 'recipe.copied' : 'recipe.copy')}
        </Button>
        <Button size="xs" variant="default" disabled={none} onClick={() => void copy('link', address())}>
          {t(said === 'link' ? 'recipe.copied' : 'recipe.link')}
        </Button>
        <Button size="xs" variant="default" disabled={none} onClick={() => download(`${fileName(name)}.json`, json())}>
          {t('recipe.download')}
        </Button>
        <Button size="xs" variant="default" onClick={() => field.current?.click()}>
          {t('recipe.open')}
        </Button>
        <input
          ref={field}
          type="file"
          hidden
          accept=".json,application/json"
          aria-label={t('recipe.open')}
          onChange={async (event) => {
            const [file] = event.currentTarget.files ?? [];
            event.currentTarget.value = '';
            if (file) openRecipe(await file.text(), file.name);
          }}
        />
      </Actions>
      <span role="status" className={said === 'copyFailed' ? undefined : 'w-hidden'}>
        {said === 'copyFailed' ? t('recipe.copyFailed') : said ? t('recipe.copied') : ''}
      </span>
      <Help>{t('recipe.shareHelp')}</Help>
      {namesModels && <Help>{t('recipe.shareModels')}</Help>}
    </Section>
  );
}

/** A model's name as the name of a file. */
function fileName(name: string): string {
  return name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || START;
}
