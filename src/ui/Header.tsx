/** The top of the page: what this is, opening a model, undo and redo, the backend, language and colours; and whether this tab saves. */
import { ActionIcon, Button } from '@mantine/core';
import { useStore } from 'zustand';
import { device } from '#stores/device';
import { project, redo, undo } from '#stores/project';
import { unsaved } from '#stores/restore';
import { setLanguage, setScheme, view } from '#stores/view';
import styles from '#ui/app.module.css';
import { Notice } from '#ui/kit/Feedback.tsx';
import { MoonIcon, OpenIcon, RedoIcon, SunIcon, SystemIcon, UndoIcon } from '#ui/kit/icons.tsx';
import { Logo } from '#ui/kit/Logo.tsx';
import { askForFiles } from '#ui/kit/open-dialog.ts';
import { useFormat, useText } from '#ui/kit/words.ts';

const SCHEMES = ['auto', 'light', 'dark'] as const;
const SCHEME_ICONS = { auto: SystemIcon, light: SunIcon, dark: MoonIcon };

export function Header() {
  const t = useText();
  const canUndo = useStore(project, (state) => state.past.length > 0);
  const canRedo = useStore(project, (state) => state.future.length > 0);
  const language = useStore(view, (state) => state.language);
  const scheme = useStore(view, (state) => state.scheme);
  const SchemeIcon = SCHEME_ICONS[scheme];
  const nextScheme = SCHEMES[(SCHEMES.indexOf(scheme) + 1) % SCHEMES.length] ?? 'auto';
  const other = language === 'en' ? 'zh' : 'en';
  const icon = { variant: 'subtle', color: 'gray', size: 'lg' } as const;
  return (
    <header className={styles.header}>
      <div className={styles.brand}>
        <Logo />
        <h1 className={styles.name}>{t('frame.name')}</h1>
        <span className={styles.tagline}>{t('frame.tagline')}</span>
      </div>
      <DeviceState />
      <div className={styles.tools}>
        <Button
          className={styles.open}
          variant="default"
          size="xs"
          aria-label={t('frame.openModel')}
          leftSection={<OpenIcon size={17} />}
          onClick={askForFiles}
        >
          <span className={styles.openText}>{t('frame.openModel')}</span>
        </Button>
        <ActionIcon
          {...icon}
          aria-label={t('frame.undo')}
          title={`${t('frame.undo')} (Ctrl+Z)`}
          disabled={!canUndo}
          onClick={undo}
        >
          <UndoIcon />
        </ActionIcon>
        <ActionIcon
          {...icon}
          aria-label={t('frame.redo')}
          title={`${t('frame.redo')} (Ctrl+Shift+Z)`}
          disabled={!canRedo}
          onClick={redo}
        >
          <RedoIcon />
        </ActionIcon>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          fw={500}
          lang={other === 'zh' ? 'zh-Hans' : 'en'}
          onClick={() => setLanguage(other)}
        >
          {t('frame.otherLanguage')}
        </Button>
        <ActionIcon
          {...icon}
          aria-label={t(`frame.scheme.${scheme}`)}
          title={t(`frame.scheme.${scheme}`)}
          onClick={() => setScheme(nextScheme)}
        >
          <SchemeIcon />
        </ActionIcon>
      </div>
    </header>
  );
}

/** Stands as long as another tab holds the project: what that means for what is made here, and what to do. */
export function OtherTab() {
  const t = useText();
  const isOther = useStore(project, (state) => state.saved === 'other-tab');
  const isUnsaved = useStore(unsaved, (state) => state.isUnsaved);
  if (!isOther) return null;
  const how = isUnsaved ? 'unsaved' : 'nothing';
  return (
    <div className={styles.otherTab}>
      <Notice
        key={how}
        level={isUnsaved ? 'error' : 'info'}
        text={t(`frame.otherTab.${how}.text`)}
        hint={t(`frame.otherTab.${how}.hint`)}
      />
    </div>
  );
}

/** The backend with its measured speed, and whether work survives a reload. */
function DeviceState() {
  const t = useText();
  const format = useFormat();
  const { status, chosen, backends } = useStore(device);
  const saved = useStore(project, (state) => state.saved);
  const report = backends.find(({ name }) => name === chosen);
  const parts: string[] = [];
  if (status === 'starting') parts.push(t('frame.device.starting'));
  else if (status === 'failed' || !chosen) parts.push(t('frame.device.failed'));
  else {
    parts.push(t(`frame.backends.${chosen}`));
    if (report?.software) parts.push(t('frame.device.software'));
    if (report?.imagesPerSecond !== undefined) parts.push(format.rate(report.imagesPerSecond));
  }
  return (
    <div className={styles.device}>
      <span className={styles.deviceState} data-status={status} title={report?.description}>
        {parts.join(' · ')}
      </span>
      <span className={styles.saved} data-saved={saved}>
        {t(`frame.saved.${saved}`)}
      </span>
    </div>
  );
}
