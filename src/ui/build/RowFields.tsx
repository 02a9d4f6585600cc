/** The settings of one layer. Values that cannot be are refused by the field; values that do not fit turn the layer red. */
import { Checkbox } from '@mantine/core';
import type { EditorActivation, Row } from '#core/architecture';
import { updateRow } from '#stores/build';
import { NumberField, SelectField } from '#ui/kit/Fields.tsx';
import { Help } from '#ui/kit/Layout.tsx';
import { useText } from '#ui/kit/words.ts';

const ACTIVATIONS: readonly EditorActivation[] = [
  'linear',
  'relu',
  'leakyRelu',
  'prelu',
  'sigmoid',
  'tanh',
  'exponential',
];
const PADDINGS = ['same', 'valid'] as const;

/** Number settings by their key, in the order in which they are drawn. */
const NUMBERS = [
  { key: 'filters', min: 1, max: 1024, step: 1 },
  { key: 'units', min: 1, max: 4096, step: 1 },
  { key: 'kernel', min: 1, max: 31, step: 1 },
  { key: 'size', min: 1, max: 31, step: 1 },
  { key: 'stride', min: 1, max: 8, step: 1 },
  { key: 'rate', min: 0, max: 0.95, step: 'any' },
] as const;

export function RowFields({ row, index, rows }: { row: Row; index: number; rows: readonly Row[] }) {
  const t = useText();
  const change = (key: string, value: number | string | boolean) => updateRow(index, { [key]: value } as Partial<Row>);
  const held = row as Readonly<Record<string, unknown>>;
  if (row.kind === 'flatten' || row.kind === 'batchNorm' || row.kind === 'globalAveragePool2d')
    return <Help>{t(`build.about.${row.kind}`)}</Help>;
  return (
    <>
      {NUMBERS.filter(({ key }) => key in held).map(({ key, min, max, step }) => (
        <NumberField
          key={key}
          label={t(`build.${key}`)}
          value={held[key] as number}
          min={min}
          max={max}
          step={step}
          onChange={(value) => change(key, value)}
        />
      ))}
      {'padding' in row && (
        <SelectField
          label={t('build.padding')}
          value={row.padding}
          onChange={(value) => change('padding', value)}
          choices={PADDINGS.map((value) => ({ value, label: t(`build.paddings.${value}`) }))}
        />
      )}
      {'activation' in row && (
        <SelectField
          label={t('build.activation')}
          value={row.activation}
          onChange={(value) => change('activation', value)}
          choices={ACTIVATIONS.map((value) => ({ value, label: t(`build.activations.${value}`) }))}
        />
      )}
      {row.kind === 'residualAdd' && (
        <SelectField
          label={t('build.from')}
          value={`${row.from}`}
          onChange={(value) => change('from', Number(value))}
          choices={[
            { value: '0', label: t('build.inputRow') },
            ...rows.slice(0, index).map((other, at) => ({
              value: `${at + 1}`,
              label: t('build.row', { number: at + 1, kind: t(`build.kinds.${other.kind}`) }),
            })),
          ]}
        />
      )}
      {'bias' in row && (
        <Checkbox
          label={t('build.bias')}
          checked={row.bias}
          onChange={(event) => change('bias', event.currentTarget.checked)}
        />
      )}
    </>
  );
}
