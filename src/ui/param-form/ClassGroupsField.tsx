/** Which classes go together: left to the method, or a group chosen for each class. */
import { chosenGroup } from '#core/ensembles/class-groups';
import { FlagField, SelectField } from '#ui/kit/Fields.tsx';
import styles from '#ui/param-form/param-form.module.css';

/** The classes and the groups by their names, in order. */
export interface ClassGroups {
  readonly classes: readonly string[];
  readonly groups: readonly string[];
}
interface ClassGroupsProps {
  readonly label: string;
  readonly help?: string | undefined;
  /** By class, the number of its group from 1 on; empty where it is left to the method. */
  readonly value: readonly string[];
  readonly of: ClassGroups;
  readonly disabled: boolean;
  readonly onChange: (value: readonly string[]) => void;
}

export function ClassGroupsField({ label, help, value, of, disabled, onChange }: ClassGroupsProps) {
  const { classes, groups } = of;
  const now = classes.map((_, at) => String(chosenGroup(value, at, groups.length, classes.length) + 1));
  const isByHand = value.length > 0;
  return (
    <>
      <FlagField
        label={label}
        help={help}
        value={isByHand}
        disabled={disabled}
        onChange={(isOn) => onChange(isOn ? now : [])}
      />
      {isByHand && (
        <fieldset className={styles.classes} disabled={disabled} aria-label={label}>
          {classes.map((name, at) => (
            <SelectField
              key={name}
              label={name}
              value={now[at] ?? '1'}
              disabled={disabled}
              choices={groups.map((group, g) => ({ value: String(g + 1), label: group }))}
              onChange={(group) => onChange(now.map((old, other) => (other === at ? group : old)))}
            />
          ))}
        </fieldset>
      )}
    </>
  );
}
