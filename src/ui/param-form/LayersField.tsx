/** Which layers a method may touch: all of them, or those that are ticked. */
import { Checkbox } from '@mantine/core';
import { Help } from '#ui/kit/Layout.tsx';
import { useText } from '#ui/kit/words.ts';
import { NAMED_LAYERS } from '#ui/param-form/describe.ts';
import styles from '#ui/param-form/param-form.module.css';

interface LayersProps {
  readonly label: string;
  readonly help?: string | undefined;
  /** Empty: all. */
  readonly value: readonly string[];
  readonly layers: readonly string[];
  readonly disabled: boolean;
  readonly onChange: (value: readonly string[]) => void;
}

export function LayersField({ label, help, value, layers, disabled, onChange }: LayersProps) {
  const t = useText();
  const isAll = value.length === 0;
  const toggle = (name: string) => {
    const now = isAll ? layers : value;
    const next = now.includes(name)
      ? now.filter((other) => other !== name)
      : layers.filter((other) => other === name || now.includes(other));
    if (next.length > 0) onChange(next.length === layers.length ? [] : next);
  };
  if (layers.length < 2) return null;
  return (
    <details className={styles.layers}>
      <summary>
        {t('optimize.which', {
          what: label,
          which: isAll
            ? t('optimize.all')
            : value.length > NAMED_LAYERS
              ? t('optimize.someLayers', { number: value.length, all: layers.length })
              : value.join(t('unit.and')),
        })}
      </summary>
      <fieldset className={styles.list} disabled={disabled}>
        <legend className="w-hidden">{label}</legend>
        {layers.map((name) => (
          <Checkbox
            key={name}
            size="xs"
            label={name}
            checked={isAll || value.includes(name)}
            onChange={() => toggle(name)}
          />
        ))}
      </fieldset>
      {help && <Help>{help}</Help>}
    </details>
  );
}
