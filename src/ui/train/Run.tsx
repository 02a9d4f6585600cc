/** The run that is going on, or the one that made the selected model: how far, how fast, and its two traces. */
import { useStore } from 'zustand';
import type { TrainPoint } from '#core/objective';
import { project } from '#stores/project';
import { training } from '#stores/training';
import { ProgressLine } from '#ui/kit/Feedback.tsx';
import { Help, Section } from '#ui/kit/Layout.tsx';
import { Stat, Stats } from '#ui/kit/Stat.tsx';
import { TraceCanvas } from '#ui/kit/TraceCanvas.tsx';
import { useThrottledStore } from '#ui/kit/use-throttled.ts';
import { useFormat, useText } from '#ui/kit/words.ts';

export function Run() {
  const t = useText();
  const format = useFormat();
  const { status, progress, compiling, trace, settings } = useThrottledStore(training);
  const selected = useStore(project, ({ nodes, selected: id }) => (id === null ? null : (nodes[id] ?? null)));
  const isIdle = status === 'idle';
  const made = isIdle && selected?.origin.kind === 'trained' ? selected.origin : null;
  const points = isIdle ? (made?.trace ?? []) : trace;
  const epochs = made ? made.settings.epochs : settings.epochs;
  const isEmpty = points.length === 0;
  if (isIdle && isEmpty) return <Help>{t('train.traceEmpty')}</Help>;
  const last = points.at(-1);
  const validated = points.findLast(({ validationLoss }) => validationLoss !== undefined);
  return (
    <Section>
      {!isIdle && (
        <>
          <ProgressLine
            label={
              status === 'finishing'
                ? t('train.finishing')
                : compiling
                  ? t('train.compiling', { ready: format.count(compiling.ready), of: format.count(compiling.of) })
                  : t('train.progress')
            }
            done={
              compiling
                ? compiling.ready / compiling.of
                : progress
                  ? progress.point.step / Math.max(1, progress.totalSteps)
                  : 0
            }
          />
          <Stats>
            <Stat
              label={t('train.epochOf')}
              value={`${format.number(last?.epoch ?? 0, 1)} / ${format.count(epochs)}`}
              raw={last?.epoch}
            />
            <Stat
              label={t('train.speed')}
              value={progress ? format.rate(progress.imagesPerSecond) : '–'}
              raw={progress?.imagesPerSecond}
            />
            <Stat
              label={t('train.left')}
              value={progress ? format.duration(progress.secondsLeft) : '–'}
              raw={progress?.secondsLeft}
            />
          </Stats>
        </>
      )}
      {isIdle && selected?.origin.kind === 'trained' && (
        <Stats>
          <Stat
            label={t('train.testAccuracy')}
            value={selected.test ? format.percent(selected.test.value) : '–'}
            note={selected.test && format.range(selected.test.low, selected.test.high, 1)}
            raw={selected.test?.value}
          />
          <Stat
            label={t('train.validationAccuracy')}
            value={selected.validation ? format.percent(selected.validation.value) : '–'}
            note={selected.validation && format.range(selected.validation.low, selected.validation.high, 1)}
            raw={selected.validation?.value}
          />
          <Stat
            label={t('train.took')}
            value={format.duration(selected.origin.seconds)}
            raw={selected.origin.seconds}
          />
        </Stats>
      )}
      <TraceCanvas
        title={t('train.loss')}
        traces={tracesOf(points, 'Loss', t('train.training'), t('train.validation'))}
        end={epochs}
        endLabel={t('train.epochAxis')}
        bounds={[0, Number.POSITIVE_INFINITY]}
        showX={(value) => format.number(value, 2)}
        showY={(value, step) => format.number(value, step < 0.01 ? 4 : 2)}
        label={t('train.lossLabel', {
          train: shown(last?.trainLoss, (loss) => format.number(loss, 3)),
          validation: shown(validated?.validationLoss, (loss) => format.number(loss, 3)),
        })}
      />
      <TraceCanvas
        title={t('train.accuracy')}
        traces={tracesOf(points, 'Accuracy', t('train.training'), t('train.validation'))}
        end={epochs}
        endLabel={t('train.epochAxis')}
        bounds={[0, 1]}
        showX={(value) => format.number(value, 2)}
        showY={(value, step) => format.percent(value, step < 0.01 ? 1 : 0)}
        label={t('train.accuracyLabel', {
          train: shown(last?.trainAccuracy, format.percent),
          validation: shown(validated?.validationAccuracy, format.percent),
        })}
      />
    </Section>
  );
}

function shown(value: number | undefined, show: (value: number) => string): string {
  return value === undefined ? '–' : show(value);
}

function tracesOf(points: readonly TrainPoint[], what: 'Loss' | 'Accuracy', training_: string, validation: string) {
  return [
    {
      name: training_,
      tone: 'quiet' as const,
      points: points.map((point) => ({ x: point.epoch, y: point[`train${what}`] })),
    },
    {
      name: validation,
      tone: 'strong' as const,
      points: points.flatMap((point) => {
        const y = point[`validation${what}`];
        return y === undefined ? [] : [{ x: point.epoch, y }];
      }),
    },
  ];
}
