/** How to train: the four settings that everybody meets, and the others on demand. */
import { Checkbox } from '@mantine/core';
import { ADAM, type Optimizer } from '#core/objective';
import { NumberField, SelectField } from '#ui/kit/Fields.tsx';
import { Fields, More } from '#ui/kit/Layout.tsx';
import { useText } from '#ui/kit/words.ts';
import type { TrainSettings } from '#worker/protocol';

interface SettingsFormProps {
  readonly settings: TrainSettings;
  readonly disabled: boolean;
  readonly onChange: (patch: Partial<TrainSettings>) => void;
}

const OPTIMIZERS: Readonly<Record<Optimizer['kind'], Optimizer>> = {
  sgd: { kind: 'sgd' },
  momentum: { kind: 'momentum', momentum: 0.9 },
  adam: ADAM,
};
const KINDS = ['adam', 'momentum', 'sgd'] as const;
const SCHEDULES = ['constant', 'cosine'] as const;

export function SettingsForm({ settings, disabled, onChange }: SettingsFormProps) {
  const t = useText();
  const { optimizer } = settings;
  return (
    <>
      <Fields>
        <NumberField
          label={t('train.epochs')}
          help={t('train.epochsHelp')}
          value={settings.epochs}
          min={1}
          max={1000}
          disabled={disabled}
          onChange={(epochs) => onChange({ epochs })}
        />
        <NumberField
          label={t('train.batchSize')}
          help={t('train.batchSizeHelp')}
          value={settings.batchSize}
          min={1}
          max={1024}
          disabled={disabled}
          onChange={(batchSize) => onChange({ batchSize })}
        />
        <NumberField
          label={t('train.learningRate')}
          help={t('train.learningRateHelp')}
          value={settings.learningRate}
          min={0.000001}
          max={10}
          step="any"
          disabled={disabled}
          onChange={(learningRate) => onChange({ learningRate })}
        />
        <NumberField
          label={t('train.seed')}
          help={t('train.seedHelp')}
          value={settings.seed}
          min={0}
          max={4294967295}
          disabled={disabled}
          onChange={(seed) => onChange({ seed })}
        />
      </Fields>
      <More summary={t('train.more')}>
        <Fields>
          <SelectField
            label={t('train.optimizer')}
            value={optimizer.kind}
            disabled={disabled}
            choices={KINDS.map((kind) => ({ value: kind, label: t(`train.optimizers.${kind}`) }))}
            onChange={(kind) => onChange({ optimizer: OPTIMIZERS[kind as Optimizer['kind']] })}
          />
          <SelectField
            label={t('train.schedule')}
            value={settings.schedule.kind}
            disabled={disabled}
            choices={SCHEDULES.map((kind) => ({ value: kind, label: t(`train.schedules.${kind}`) }))}
            onChange={(kind) => onChange({ schedule: { kind: kind as 'constant' | 'cosine' } })}
          />
          {optimizer.kind === 'momentum' && (
            <NumberField
              label={t('train.momentum')}
              value={optimizer.momentum}
              min={0}
              max={0.999}
              step="any"
              disabled={disabled}
              onChange={(momentum) => onChange({ optimizer: { kind: 'momentum', momentum } })}
            />
          )}
          <NumberField
            label={t('train.l1')}
            help={t('train.l1Help')}
            value={settings.l1}
            min={0}
            max={1}
            step="any"
            disabled={disabled}
            onChange={(l1) => onChange({ l1 })}
          />
          <NumberField
            label={t('train.l2')}
            help={t('train.l2Help')}
            value={settings.l2}
            min={0}
            max={1}
            step="any"
            disabled={disabled}
            onChange={(l2) => onChange({ l2 })}
          />
          <NumberField
            label={t('train.groupLasso')}
            help={t('train.groupLassoHelp')}
            value={settings.groupLasso ?? 0}
            min={0}
            max={1}
            step="any"
            disabled={disabled}
            onChange={(groupLasso) => onChange({ groupLasso })}
          />
          <NumberField
            label={t('train.labelSmoothing')}
            help={t('train.labelSmoothingHelp')}
            value={settings.labelSmoothing ?? 0}
            min={0}
            max={0.9}
            step="any"
            disabled={disabled}
            onChange={(labelSmoothing) => onChange({ labelSmoothing })}
          />
          <NumberField
            label={t('train.shift')}
            help={t('train.shiftHelp')}
            value={settings.shift ?? 0}
            min={0}
            max={8}
            disabled={disabled}
            onChange={(shift) => onChange({ shift })}
          />
        </Fields>
        <Checkbox
          label={t('train.overrideDropout')}
          checked={settings.dropout !== null}
          disabled={disabled}
          onChange={(event) => onChange({ dropout: event.currentTarget.checked ? 0.5 : null })}
        />
        {settings.dropout !== null && (
          <Fields>
            <NumberField
              label={t('train.dropout')}
              help={t('train.dropoutHelp')}
              value={settings.dropout}
              min={0}
              max={0.95}
              step="any"
              disabled={disabled}
              onChange={(dropout) => onChange({ dropout })}
            />
          </Fields>
        )}
      </More>
    </>
  );
}
