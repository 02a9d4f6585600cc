/** Which class is taken for which: the table, the most frequent errors in words, and the images of the chosen cell. */
import { useStore } from 'zustand';
import { cellImagesOf, evaluate, setCell } from '#stores/evaluate';
import type { Cell, ModelNode } from '#stores/state';
import { ConfusionTable } from '#ui/evaluate/ConfusionTable.tsx';
import { type ClassNames, useClassNames } from '#ui/evaluate/class-names.ts';
import styles from '#ui/evaluate/evaluate.module.css';
import { Images } from '#ui/evaluate/Images.tsx';
import { Help } from '#ui/kit/Layout.tsx';
import { useFormat, useText } from '#ui/kit/words.ts';
import type { ExaminedSplit, ExamineResult, JudgedImages } from '#worker/protocol-evaluation';

interface ConfusionProps {
  readonly node: ModelNode;
  readonly split: ExaminedSplit;
  readonly result: ExamineResult;
}

export function ConfusionView({ node, split, result }: ConfusionProps) {
  const t = useText();
  const cell = useStore(evaluate, (state) => state.cell);
  const classes = useClassNames(node);
  const found = cell && cellImagesOf(node, split, cell);
  return (
    <>
      <Help>{t('evaluate.confusion.help')}</Help>
      <ConfusionTable confusion={result.confusion} classes={classes} chosen={cell} onChoose={setCell} />
      {cell && found && <CellImages cell={cell} found={found} classes={classes} />}
      <MostOften confusion={result.confusion} classes={classes} />
    </>
  );
}

function CellImages({ cell, found, classes }: { cell: Cell; found: JudgedImages; classes: ClassNames }) {
  const t = useText();
  const { truth, answer } = cell;
  const isRight = truth === answer;
  const names = { truth: classes.name(truth), answer: classes.name(answer) };
  return (
    <section className={styles.cellImages} aria-live="polite">
      <h3 className={styles.heading}>
        {t(isRight ? 'evaluate.images.cellRight' : 'evaluate.confusion.mostItem', names)}
      </h3>
      {found.total > 0 && <Help>{t(isRight ? 'evaluate.images.rightHelp' : 'evaluate.images.wrongHelp')}</Help>}
      <Images
        key={`${truth} ${answer}`}
        found={found}
        classes={classes}
        said={[null]}
        none={t('evaluate.images.noneOfCell')}
      />
    </section>
  );
}

const MOST = 5;

/** The errors that are made most often, each a way to its images. */
function MostOften({ confusion, classes }: { confusion: ExamineResult['confusion']; classes: ClassNames }) {
  const t = useText();
  const format = useFormat();
  const errors = confusion
    .flatMap((row, truth) => row.map((count, answer) => ({ truth, answer, count })))
    .filter(({ truth, answer, count }) => truth !== answer && count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, MOST);
  if (errors.length === 0) return <Help>{t('evaluate.confusion.none')}</Help>;
  return (
    <section className={styles.most}>
      <h3 className={styles.heading}>{t('evaluate.confusion.most')}</h3>
      <ol className={styles.mostList}>
        {errors.map(({ truth, answer, count }) => (
          <li key={`${truth} ${answer}`}>
            <button type="button" className={styles.link} onClick={() => setCell({ truth, answer })}>
              {t('evaluate.confusion.mostItem', { truth: classes.name(truth), answer: classes.name(answer) })}
            </button>
            <span>{t('evaluate.confusion.images', { count, images: format.count(count) })}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
