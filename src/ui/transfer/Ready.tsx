/** An exported file: its bytes, what it was measured to do when read back, the download, and lines that use it. */
import { Button } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { ModelNode } from '#stores/state';
import { isSeveral } from '#stores/transfer';
import { Notice } from '#ui/kit/Feedback.tsx';
import { download, isCopied } from '#ui/kit/hand-over.ts';
import { Actions, Help, Section } from '#ui/kit/Layout.tsx';
import { Stat, Stats } from '#ui/kit/Stat.tsx';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { Loader } from '#ui/transfer/Loader.tsx';
import { ensembleSnippet, snippet } from '#ui/transfer/snippets.ts';
import styles from '#ui/transfer/transfer.module.css';
import type { ExportResult, FormatId } from '#worker/protocol';

export function Ready({ node, format: formatId, result }: { node: ModelNode; format: FormatId; result: ExportResult }) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const { fileName, bytes, test, validation, largestDifference, notes } = result;
  const differs = test !== null && node.test !== null && test.value !== node.test.value;
  // The chart counts each validation image by what the way learned from the others; the file has learned from all.
  const learned =
    node.summary.kind === 'ensemble' && !!validation && !!node.validation && validation.value !== node.validation.value;
  const use = isSeveral(node)
    ? ensembleSnippet(fileName, node.summary.inputShape)
    : snippet(formatId, fileName, node.summary.inputShape);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.scrollIntoView?.({ block: 'nearest' });
  }, []);
  return (
    <div ref={box} className={styles.ready}>
      <Section heading={t('transfer.ready', { file: fileName })}>
        <Stats>
          <Stat label={t('transfer.size')} value={format.bytes(bytes.length)} raw={bytes.length} />
          {test && (
            <Stat
              label={t('transfer.test')}
              value={format.percent(test.value)}
              raw={test.value}
              note={format.range(test.low, test.high)}
            />
          )}
          {validation && (
            <Stat
              label={t('transfer.validation')}
              value={format.percent(validation.value)}
              raw={validation.value}
              note={format.range(validation.low, validation.high)}
            />
          )}
          {largestDifference !== null && (
            <Stat
              label={t('transfer.difference')}
              value={largestDifference === 0 ? '0' : largestDifference.toExponential(1)}
              raw={largestDifference}
              note={t('transfer.differenceHelp')}
            />
          )}
        </Stats>
        {test === null && <Help>{t('transfer.notEvaluated')}</Help>}
        {test !== null && node.test !== null && (
          <Notice
            level="info"
            text={
              differs
                ? t('transfer.differs', { chart: format.percent(node.test.value), file: format.percent(test.value) })
                : t('transfer.same')
            }
          />
        )}
        {learned && !differs && <Help>{t('transfer.learned')}</Help>}
        {notes.length > 0 && (
          <ul className={styles.notes} aria-label={t('transfer.notes')}>
            {notes.map((note) => (
              <li key={note.words.en} data-level={note.level}>
                {words(note.words)}
              </li>
            ))}
          </ul>
        )}
        <Actions>
          <Button classNames={wraps} onClick={() => download(fileName, bytes)}>
            {t('transfer.download', { file: fileName })}
          </Button>
          {formatId === 'whittle' && <Loader onDownload={download} />}
        </Actions>
      </Section>
      <Section heading={t('transfer.use')}>
        <Code language={use.language} code={use.code} />
      </Section>
    </div>
  );
}

/** A long name of a file goes on in the next line. */
const wraps = { root: styles.wraps as string, label: styles.wrapsLabel as string };

function Code({ language, code }: { language: string; code: string }) {
  const t = useText();
  const [said, setSaid] = useState<'copied' | 'copyFailed' | null>(null);
  const copy = async () => {
    const copied = await isCopied(code);
    setSaid(copied ? 'copied' : 'copyFailed');
    if (copied) setTimeout(() => setSaid(null), 2000);
  };
  return (
    <div className={styles.code}>
      <div className={styles.codeHead}>
        <span>{language}</span>
        <Button size="compact-xs" variant="subtle" onClick={() => void copy()}>
          {t(said === 'copied' ? 'transfer.copied' : 'transfer.copy')}
        </Button>
      </div>
      <span role="status" className={said === 'copyFailed' ? styles.copyFailed : 'w-hidden'}>
        {said ? t(`transfer.${said}`) : ''}
      </span>
      <pre>
        <code>{code}</code>
      </pre>
    </div>
  );
}
