/** Fields with a visible label and a line of help: a number, a choice, a switch, a slider. */
import { Checkbox, NativeSelect, TextInput } from '@mantine/core';
import { type CSSProperties, type ReactNode, useId } from 'react';
import styles from '#ui/kit/fields.module.css';
import { Label } from '#ui/kit/Label.tsx';
import text from '#ui/kit/text.module.css';
import { useDraft } from '#ui/kit/use-draft.ts';
import { useText } from '#ui/kit/words.ts';

/** How a field wears its label, whose words may explain themselves. */
function labelled(id: string, label: string) {
  return {
    id,
    'aria-label': label,
    labelProps: { labelElement: 'div' },
    label: <Label htmlFor={id}>{label}</Label>,
  } as const;
}

const looks = { input: styles.input, label: styles.inputLabel, description: styles.inputHelp };

interface NumberFieldProps {
  readonly label: string;
  readonly help?: string | undefined;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  /** 1 for whole numbers; 'any' accepts every number in the range. */
  readonly step?: number | 'any';
  readonly disabled?: boolean;
  /** A fault that the caller knows of, shown while the number itself is in range. */
  readonly error?: string | undefined;
  readonly onChange: (value: number) => void;
}

/** A number field. `onChange` hears only of numbers that fit; anything else turns the field red and says the range. */
export function NumberField({
  label,
  help,
  value,
  min,
  max,
  step = 1,
  disabled = false,
  error,
  onChange,
}: NumberFieldProps) {
  const t = useText();
  const id = useId();
  const { isWrong, field } = useDraft({
    value,
    read: (text) => readNumber(text, min, max, step),
    write: String,
    onChange,
  });
  return (
    <TextInput
      type="number"
      inputMode={step === 1 ? 'numeric' : 'decimal'}
      {...labelled(id, label)}
      description={help}
      inputWrapperOrder={['label', 'input', 'error', 'description']}
      classNames={looks}
      {...field}
      min={min}
      max={max}
      step={step}
      disabled={disabled}
      error={isWrong ? t(step === 1 ? 'frame.notInRangeWhole' : 'frame.notInRange', { min, max }) : error}
    />
  );
}

/** The number that a text means, or null where it does not fit. */
export function readNumber(text: string, min: number, max: number, step: number | 'any'): number | null {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(number) || number < min || number > max) return null;
  return step === 1 && !Number.isInteger(number) ? null : number;
}

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly disabled?: boolean;
  /** Choices of one group stand together under its name. */
  readonly group?: string;
}
interface SelectFieldProps {
  readonly label: string;
  readonly help?: ReactNode;
  readonly value: string;
  readonly choices: readonly Choice[];
  readonly disabled?: boolean;
  readonly error?: string | undefined;
  readonly onChange: (value: string) => void;
}

export function SelectField({ label, help, value, choices, disabled = false, error, onChange }: SelectFieldProps) {
  const id = useId();
  return (
    <NativeSelect
      {...labelled(id, label)}
      description={help}
      inputWrapperOrder={['label', 'input', 'error', 'description']}
      classNames={looks}
      value={value}
      disabled={disabled}
      error={error}
      onChange={(event) => onChange(event.currentTarget.value)}
      data={grouped(choices)}
    />
  );
}

/** The choices as the select wants them: groups in the order of their first choice. */
function grouped(choices: readonly Choice[]) {
  const item = ({ value, label, disabled = false }: Choice) => ({ value, label, disabled });
  const names = [...new Set(choices.flatMap(({ group }) => (group === undefined ? [] : [group])))];
  const groups = names.map((group) => ({ group, items: choices.filter((one) => one.group === group).map(item) }));
  return [...choices.filter(({ group }) => group === undefined).map(item), ...groups];
}

interface FlagFieldProps {
  readonly label: string;
  readonly help?: string | undefined;
  readonly value: boolean;
  readonly disabled?: boolean;
  readonly onChange: (value: boolean) => void;
}

export function FlagField({ label, help, value, disabled = false, onChange }: FlagFieldProps) {
  return (
    <Checkbox
      size="xs"
      label={label}
      description={help}
      classNames={{ label: text.label as string, description: styles.inputHelp as string }}
      checked={value}
      disabled={disabled}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}

interface SliderFieldProps {
  readonly label: string;
  readonly help?: string | undefined;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** The value as people read it, unit included: "90 %". */
  readonly show: (value: number) => string;
  /** Steps evenly in the logarithm; for ranges over decades. */
  readonly log?: boolean;
  readonly disabled?: boolean;
  /** `moving` is false when the slider has come to rest. */
  readonly onChange: (value: number, moving: boolean) => void;
  /** The slider came to rest. */
  readonly onRest?: () => void;
}

/** A slider: the browser's own, so keys, touch and screen readers all know it. */
export function SliderField({
  label,
  help,
  value,
  min,
  max,
  step,
  show,
  log = false,
  disabled = false,
  onChange,
  onRest,
}: SliderFieldProps) {
  const id = useId();
  const position = log ? (Math.log(value / min) / Math.log(max / min)) * 1000 : value;
  const valueAt = (at: number) => {
    if (!log) return at;
    const raw = min * (max / min) ** (at / 1000);
    return Math.min(max, Math.max(min, Number((Math.round(raw / step) * step).toPrecision(12))));
  };
  const share = log ? position / 1000 : (value - min) / (max - min || 1);
  const rest = () => onRest?.();
  return (
    <div className={styles.slider}>
      <div className={styles.sliderHead}>
        <span className={text.label}>
          <Label htmlFor={id}>{label}</Label>
        </span>
        <output className={styles.sliderValue} htmlFor={id}>
          {show(value)}
        </output>
      </div>
      <input
        id={id}
        type="range"
        aria-label={label}
        className={styles.range}
        style={{ '--fill': `${(share * 100).toFixed(2)}%` } as CSSProperties}
        min={log ? 0 : min}
        max={log ? 1000 : max}
        step={log ? 1 : step}
        value={position}
        disabled={disabled}
        aria-valuetext={show(value)}
        aria-describedby={help ? `${id}-help` : undefined}
        onChange={(event) => onChange(valueAt(Number(event.currentTarget.value)), true)}
        onPointerUp={rest}
        onKeyUp={rest}
        onBlur={rest}
      />
      <div className={styles.ends} aria-hidden="true">
        <span>{show(min)}</span>
        <span>{show(max)}</span>
      </div>
      {help && (
        <p className={text.help} id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}
