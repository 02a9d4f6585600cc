/** The whole page takes model files: dropped anywhere, or pasted. Nothing is sent; files are read in a worker. */
import { type ReactNode, useEffect } from 'react';
import { useDropzone } from 'react-dropzone';
import { openFiles } from '#stores/transfer';
import { OpenIcon } from '#ui/kit/icons.tsx';
import { useText } from '#ui/kit/words.ts';
import { OpenOutcome } from '#ui/transfer/OpenOutcome.tsx';
import { ACCEPTED, FILE_FIELD } from '#ui/transfer/open-dialog.ts';
import styles from '#ui/transfer/transfer.module.css';

export function DropZone({ children }: { children?: ReactNode }) {
  const t = useText();
  const { getRootProps, isDragActive } = useDropzone({
    onDrop: (files) => void openFiles(files),
    noClick: true,
    noKeyboard: true,
    multiple: true,
  });
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0) void openFiles(files);
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
          void openFiles([...(event.currentTarget.files ?? [])]);
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
