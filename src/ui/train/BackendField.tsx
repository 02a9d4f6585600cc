/** What does the arithmetic, each with its speed as measured on this device. */
import { useStore } from 'zustand';
import { chooseBackend, device } from '#stores/device';
import { SelectField } from '#ui/kit/Fields.tsx';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import styles from '#ui/train/train.module.css';
import type { BackendName, BackendReport } from '#worker/protocol';

const ORDER: readonly BackendName[] = ['webgpu', 'wasm', 'webgl', 'cpu'];

export function BackendField({ disabled }: { disabled: boolean }) {
  const t = useText();
  const words = useWords();
  const format = useFormat();
  const { backends, chosen, asked, status, fault } = useStore(device);
  const label = (name: BackendName, report: BackendReport | undefined) => {
    const parts: string[] = [t(`frame.backends.${name}`)];
    if (report?.software) parts.push(t('frame.device.software'));
    if (report && !report.available) parts.push(t('train.unavailable'));
    if (report?.imagesPerSecond !== undefined) parts.push(format.rate(report.imagesPerSecond));
    return parts.join(' · ');
  };
  const used = backends.find(({ name }) => name === chosen);
  const said =
    status === 'starting'
      ? t('frame.device.starting')
      : used
        ? [label(used.name, used), ...detailsOf(used.description, t)].join(' · ')
        : '';
  const broken = backends.filter(({ available, reason }) => !available && reason);
  return (
    <SelectField
      label={t('train.backend')}
      value={asked}
      disabled={disabled || status === 'starting'}
      error={status === 'failed' && fault ? words(fault.words) : undefined}
      help={
        <>
          {said && <span className={styles.line}>{said}</span>}
          {t('train.backendHelp')}
          {asked !== 'auto' && broken.find(({ name }) => name === asked)?.reason}
        </>
      }
      choices={[
        { value: 'auto', label: t('train.automatic') },
        ...ORDER.map((name) => {
          const report = backends.find((known) => known.name === name);
          return { value: name, label: label(name, report), disabled: report?.available === false };
        }),
      ]}
      onChange={(name) => void chooseBackend(name as BackendName | 'auto')}
    />
  );
}

/** What an engine says of itself, "WebAssembly, relaxed SIMD, 2 threads", less what its name says, in the page's language. */
function detailsOf(description: string, t: ReturnType<typeof useText>): readonly string[] {
  return description
    .split(', ')
    .filter((part) => part !== '' && part !== 'WebAssembly' && part !== 'JavaScript')
    .map((part) => {
      const [, upTo, count] = /^(up to )?(\d+) threads$/.exec(part) ?? [];
      return count === undefined ? part : t(upTo ? 'train.threadsUpTo' : 'train.threads', { count: Number(count) });
    });
}
