/** The whole page takes model files and recipes: dropped anywhere, or pasted. Nothing is sent; models are read in a worker. */
import { type ReactNode, useEffect } from 'react';
import { useDropzone } from 'react-dropzone';
import { looksLikeRecipe, openLink, openRecipe } from '#stores/recipes';
import { openFiles } from '#stores/transfer';
import { OpenIcon } from '#ui/kit/icons.tsx';
import { ACCEPTED, FILE_FIELD } from '#ui/kit/open-dialog.ts';
import { useText } from '#ui/kit/words.ts';
import { OpenOutcome } from '#ui/transfer/OpenOutcome.tsx';
import styles from '#ui/transfer/transfer.module.css';

export function DropZone({ children }: { children?: ReactNode }) {
  const t = useText();
  const { getRootProps, isDragActive } = useDropzone({
    onDrop: (files) => void take(files),
    noClick: true,
    noKeyboard: true,
    multiple: true,
  });
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      const text = event.clipboardData?.getData('text/plain') ?? '';
      if (files.length > 0) void take(files);
      else if (!isField(event.target)) takeText(text);
    };
    window.addEventListener('paste', paste);
    return () => window.removeEventListener('paste', paste);
  }, []);
  // The root is a plain region, not a widget: it has no role and no place in the tab order.
  const { role: _role, tabIndex: _tabIndex, ...root } = getRootProps();
  return (
    <div {...root} className={styles.zone}>
      {children}
      <input
        id={FILE_FIELD}
        type="file"
        multiple
        hidden
        accept={ACCEPTED}
        onChange={(event) => {
          void take([...(event.currentTarget.files ?? [])]);
          // The same file may be chosen again.
          event.currentTarget.value = '';
        }}
      />
      {isDragActive && (
        <div className={styles.veil} aria-hidden="true">
          <div className={styles.target}>
            <OpenIcon size={36} />
            <p className={styles.targetTitle}>{t('transfer.drop')}</p>
            <p>{t('transfer.dropHelp')}</p>
          </div>
        </div>
      )}
      <OpenOutcome />
    </div>
  );
}

/** A JSON file alone may be a recipe; everything else is for the readers of models. */
async function take(files: readonly File[]): Promise<void> {
  const [file] = files;
  if (file && files.length === 1 && file.size < 1_000_000 && /\.json$/i.test(file.name)) {
    const text = await file.text().catch(() => '');
    if (looksLikeRecipe(text)) return openRecipe(text, file.name);
  }
  await openFiles(files);
}

function takeText(text: string): void {
  const link = /#recipe=[\w-]+/.exec(text)?.[0];
  if (link) void openLink(link);
  else if (looksLikeRecipe(text)) openRecipe(text);
}

/** What is pasted into a field belongs to it. */
function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'));
}
