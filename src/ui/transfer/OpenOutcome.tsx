/** What came of opening a file: how far it is, what was opened with what is worth knowing, or why not and what to do. */
import { ActionIcon } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import { DATASETS } from '#core/datasets';
import { dismiss, transfer } from '#stores/transfer';
import { ProgressLine } from '#ui/kit/Feedback.tsx';
import { CloseIcon, WarnIcon } from '#ui/kit/icons.tsx';
import { useText, useWords } from '#ui/kit/words.ts';
import styles from '#ui/transfer/transfer.module.css';
import type { Fault, OpenResult } from '#worker/protocol';

/** How long the news of an opened model stays, in milliseconds: its notes may be many. */
const STAYS = 30_000;

export function OpenOutcome() {
  const t = useText();
  const { opening, opened, openFault } = useStore(transfer);
  const box = useRef<HTMLElement>(null);
  // What went well has been read after a while, unless somebody is at it; a refusal stays until it is put away.
  useEffect(() => {
    if (!opened || opening || openFault) return;
    const timer = setInterval(() => {
      if (!box.current?.matches(':hover, :focus-within')) dismiss();
    }, STAYS);
    return () => clearInterval(timer);
  }, [opened, opening, openFault]);
  if (!opening && !opened && !openFault) return null;
  const names = opening
    ? [...opening.names.slice(0, 3), ...(opening.names.length > 3 ? ['…'] : [])].join(t('unit.and'))
    : '';
  return (
    <aside ref={box} className={styles.outcome} aria-label={t('frame.openModel')}>
      {opening ? (
        <ProgressLine label={t('transfer.opening', { files: names })} done={opening.done} />
      ) : openFault ? (
        <Refused fault={openFault} />
      ) : (
        opened && <Opened result={opened} />
      )}
      {!opening && (
        <ActionIcon
          className={styles.close}
          variant="subtle"
          color="gray"
          aria-label={t('transfer.close')}
          onClick={dismiss}
        >
          <CloseIcon size={18} />
        </ActionIcon>
      )}
    </aside>
  );
}

function Refused({ fault }: { fault: Fault }) {
  const t = useText();
  const words = useWords();
  const lines = [
    { name: t('transfer.file'), text: fault.file },
    { name: t('transfer.where'), text: fault.where },
    { name: t('transfer.why'), text: words(fault.words) },
    { name: t('transfer.what'), text: fault.hint && words(fault.hint) },
  ].filter((line) => line.text);
  return (
    <div role="alert" data-code={fault.code}>
      <p className={`${styles.outcomeTitle} ${styles.refused}`}>
        <WarnIcon /> {t('transfer.failed')}
      </p>
      <dl className={styles.lines}>
        {lines.map((line) => (
          <div key={line.name}>
            <dt>{line.name}</dt>
            <dd>{line.text}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function Opened({ result }: { result: OpenResult }) {
  const t = useText();
  const words = useWords();
  const fit = DATASETS.find((dataset) => dataset.id === result.fits[0]);
  return (
    <div>
      <p className={styles.outcomeTitle}>{t('transfer.opened', { name: result.model.name })}</p>
      <p className={styles.outcomeText}>
        {fit ? t('transfer.openedFits', { dataset: words(fit.words.title) }) : t('transfer.openedNoFit')}
      </p>
      {result.notes.length > 0 && (
        <ul className={styles.notes}>
          {result.notes.map((note) => (
            <li key={note.words.en} data-level={note.level}>
              {words(note.words)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
