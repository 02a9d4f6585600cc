/**
 * The one form for every method: it draws whatever parameters a pass declares, so no method brings a form of its own.
 * Live numbers are sliders, others fields; parameters that the rest of the values put out of force are not drawn, and those
 * that most people never change stand behind a fold.
 */
import type { ReactNode } from 'react';
import type { Param, Params, Values } from '#core/params';
import { isShown } from '#core/params';
import { FlagField, NumberField, SelectField, SliderField } from '#ui/kit/Fields.tsx';
import { Fields, More } from '#ui/kit/Layout.tsx';
import { useFormat, useText, useWords } from '#ui/kit/words.ts';
import { type ClassGroups, ClassGroupsField } from '#ui/param-form/ClassGroupsField.tsx';
import { LayersField } from '#ui/param-form/LayersField.tsx';
import styles from '#ui/param-form/param-form.module.css';
import { settingText } from '#ui/param-form/setting.ts';

export interface Named {
  readonly id: string;
  readonly name: string;
}
interface FormProps {
  readonly params: Params;
  readonly values: Values;
  /** Layers that a `layers` parameter may name. */
  readonly layers: readonly string[];
  /** Models that a `predictor` parameter may name; the first one, with id '', is the model itself. */
  readonly predictors: readonly Named[];
  /** What a `classGroups` parameter is about; without it none is drawn. */
  readonly classGroups?: ClassGroups | undefined;
  readonly disabled?: boolean;
  /** `moving` while a slider is being dragged. */
  readonly onChange: (key: string, value: Values[string], moving: boolean) => void;
  /** A slider came to rest. */
  readonly onRest: () => void;
  /** Drawn under the sliders, before the other fields: what the sliders' position gives. */
  readonly children?: ReactNode;
}

export function ParamForm({ params, children, ...form }: FormProps) {
  const t = useText();
  const shown = Object.entries(params).filter(([, param]) => isShown(param, form.values));
  const seldom = shown.filter(([, param]) => param.advanced);
  return (
    <>
      <Drawn {...form} shown={shown.filter(([, param]) => !param.advanced)}>
        {children}
      </Drawn>
      {seldom.length > 0 && (
        // What somebody has changed is in sight when they come back to it.
        <More
          key={Object.keys(params).join()}
          summary={t('train.more')}
          startsOpen={seldom.some(isChanged(form.values))}
        >
          <Drawn {...form} shown={seldom} />
        </More>
      )}
    </>
  );
}

type Entry = readonly [key: string, param: Param];

function isChanged(values: Values): (entry: Entry) => boolean {
  return ([key, param]) => key in values && String(values[key]) !== String(param.default);
}

type DrawnProps = Omit<FormProps, 'params'> & { readonly shown: readonly Entry[] };

const isTall = ({ kind }: Param): boolean => kind === 'layers' || kind === 'classGroups';

/**
 * Sliders, what stands under them, fields (under a field the sliders that one of its choices brings, where they are not
 * what is moved live), layers and classes.
 */
function Drawn({ shown, values, children, ...rest }: DrawnProps) {
  const words = useWords();
  const isSlider = (param: Param) => param.kind === 'number' && param.control !== 'field';
  const draw = ([key, param]: Entry) => (
    <ParamField key={key} name={key} param={param} value={values[key] ?? param.default} {...rest} />
  );
  const fields = shown.filter(([, param]) => !isSlider(param) && !isTall(param));
  const broughtBy = ({ live, when = {} }: Param) => (live ? undefined : fields.find(([key]) => key in when)?.[0]);
  const sliders = shown.filter(([, param]) => isSlider(param) && !broughtBy(param));
  const tall = shown.filter(([, param]) => isTall(param));
  return (
    <>
      {sliders.map(draw)}
      {children}
      {fields.length > 0 && (
        <Fields>
          {fields.map((field) => {
            const [key, param] = field;
            const brought = shown.filter(([, one]) => isSlider(one) && broughtBy(one) === key);
            const spanning = brought.length > 0 || spans(param, words);
            return (
              <div key={key} className={spanning ? styles.spanning : undefined}>
                {draw(field)}
                {brought.map(draw)}
              </div>
            );
          })}
        </Fields>
      )}
      {tall.map(draw)}
    </>
  );
}

/** Whether a field needs a line of its own: a switch, or choices whose names would be cut off. */
function spans(param: Param, words: ReturnType<typeof useWords>): boolean {
  if (param.kind === 'flag' || param.kind === 'predictor') return true;
  if (param.kind !== 'choice') return false;
  // A letter of Chinese is about as wide as two of English.
  return param.options.some(({ label }) => words(label).replace(/[^\p{ASCII}]/gu, 'xx').length > 16);
}

type FieldProps = Omit<DrawnProps, 'shown' | 'values' | 'children'> & {
  readonly name: string;
  readonly param: Param;
  readonly value: Values[string];
};

function ParamField(props: FieldProps) {
  const { name, param, value, layers, predictors, classGroups, disabled = false, onChange, onRest } = props;
  const words = useWords();
  const format = useFormat();
  const label = words(param.label);
  const help = param.help && words(param.help);
  const change = (next: Values[string]) => onChange(name, next, false);
  switch (param.kind) {
    case 'number':
      return param.control === 'field' ? (
        <NumberField
          label={label}
          help={help}
          value={value as number}
          min={param.min}
          max={param.max}
          step={Number.isInteger(param.step) ? 1 : 'any'}
          disabled={disabled}
          onChange={change}
        />
      ) : (
        <SliderField
          label={label}
          help={help}
          value={value as number}
          min={param.min}
          max={param.max}
          step={param.step}
          // A count stays itself on the slider, for keys and for screen readers; it is swept logarithmically all the same.
          log={param.scale === 'log' && !Number.isInteger(param.step)}
          show={(number) => settingText(number, param, format, true)}
          disabled={disabled}
          onChange={(next, moving) => onChange(name, next, moving)}
          onRest={onRest}
        />
      );
    case 'choice':
      return (
        <SelectField
          label={label}
          help={help}
          value={value as string}
          disabled={disabled}
          onChange={change}
          choices={param.options.map((option) => ({ value: option.value, label: words(option.label) }))}
        />
      );
    case 'flag':
      return <FlagField label={label} help={help} value={value as boolean} disabled={disabled} onChange={change} />;
    case 'layers':
      return (
        <LayersField
          label={label}
          help={help}
          value={value as readonly string[]}
          layers={layers}
          disabled={disabled}
          onChange={change}
        />
      );
    case 'predictor':
      return (
        <SelectField
          label={label}
          help={help}
          value={value as string}
          disabled={disabled}
          onChange={change}
          choices={predictors.map((one) => ({ value: one.id, label: one.name }))}
        />
      );
    case 'classGroups':
      return classGroups ? (
        <ClassGroupsField
          label={label}
          help={help}
          value={value as readonly string[]}
          of={classGroups}
          disabled={disabled}
          onChange={change}
        />
      ) : null;
    default:
      throw param satisfies never;
  }
}
