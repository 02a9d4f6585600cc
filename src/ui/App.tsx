/**
 * The frame of the studio: header, the tabs, and beside them, whatever the tab, the chart and the table of models.
 * The first tab comes with the page, each other one is a chunk of its own. What a tab does lives in its folder; here is
 * only where it stands.
 */
import { MantineProvider, Tabs } from '@mantine/core';
import {
  lazy,
  type ReactNode,
  type RefObject,
  Suspense,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { I18nextProvider } from 'react-i18next';
import { useStore } from 'zustand';
import { fetchTexts, HTML_LANG, hasTexts, type Language, makeI18n } from '#i18n/i18n';
import { inspection } from '#stores/inspect';
import { project, redo, undo } from '#stores/project';
import type { TabId } from '#stores/state';
import { setTab, view } from '#stores/view';
import styles from '#ui/app.module.css';
import { DataTab } from '#ui/data/DataTab.tsx';
import { ErrorGuard } from '#ui/ErrorGuard.tsx';
import { Header, OtherTab } from '#ui/Header.tsx';
import { Hidden } from '#ui/kit/Layout.tsx';
import { theme } from '#ui/kit/theme.ts';
import { useMedia, WIDE } from '#ui/kit/use-media.ts';
import { useText } from '#ui/kit/words.ts';
import { ChartFigure } from '#ui/models/ChartFigure.tsx';
import { ModelsTable } from '#ui/models/ModelsTable.tsx';
import { Notices, StatusBar } from '#ui/Notices.tsx';
import { DropZone } from '#ui/transfer/DropZone.tsx';

const TABS: readonly { readonly id: TabId; readonly Content: React.ComponentType }[] = [
  { id: 'data', Content: DataTab },
  { id: 'build', Content: lazy(async () => ({ default: (await import('#ui/build/BuildTab.tsx')).BuildTab })) },
  { id: 'train', Content: lazy(async () => ({ default: (await import('#ui/train/TrainTab.tsx')).TrainTab })) },
  {
    id: 'optimize',
    Content: lazy(async () => ({ default: (await import('#ui/optimize/OptimizeTab.tsx')).OptimizeTab })),
  },
  { id: 'combine', Content: lazy(async () => ({ default: (await import('#ui/combine/CombineTab.tsx')).CombineTab })) },
  {
    id: 'evaluate',
    Content: lazy(async () => ({ default: (await import('#ui/evaluate/EvaluateTab.tsx')).EvaluateTab })),
  },
  { id: 'search', Content: lazy(async () => ({ default: (await import('#ui/search/SearchTab.tsx')).SearchTab })) },
  { id: 'export', Content: lazy(async () => ({ default: (await import('#ui/transfer/ExportTab.tsx')).ExportTab })) },
];

const InspectView = lazy(() => import('#ui/inspect/InspectView.tsx'));

export function App() {
  return (
    <Dress>
      <DropZone>
        <Frame />
      </DropZone>
    </Dress>
  );
}

/** Language and colours, as the person chose them. */
export function Dress({ children }: { children: ReactNode }) {
  const language = useLanguageReady();
  const scheme = useStore(view, (state) => state.scheme);
  const i18n = useMemo(() => makeI18n(language), [language]);
  useLayoutEffect(() => {
    document.documentElement.lang = HTML_LANG[language];
  }, [language]);
  return (
    <I18nextProvider i18n={i18n}>
      <MantineProvider
        theme={theme}
        defaultColorScheme="auto"
        {...(scheme === 'auto' ? {} : { forceColorScheme: scheme })}
      >
        {children}
      </MantineProvider>
    </I18nextProvider>
  );
}

/** The chosen language once its texts are there, and until then the one before. */
function useLanguageReady(): Language {
  const wanted = useStore(view, (state) => state.language);
  const [spoken, setSpoken] = useState<Language>(hasTexts(wanted) ? wanted : 'en');
  useEffect(() => {
    let isWanted = true;
    void fetchTexts(wanted).then(() => isWanted && setSpoken(hasTexts(wanted) ? wanted : 'en'));
    return () => {
      isWanted = false;
    };
  }, [wanted]);
  return hasTexts(wanted) ? wanted : spoken;
}

function Frame() {
  const t = useText();
  const tab = useStore(view, (state) => state.tab);
  const list = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  useUndoKeys();
  useChosenInSight(list, tab);
  useBeginning(panel, tab);
  return (
    <div className={styles.page}>
      <a className={styles.skip} href="#models">
        {t('frame.skip')}
      </a>
      <Header />
      <OtherTab />
      <main className={styles.body}>
        <Tabs className={styles.main} value={tab} onChange={(id) => id && setTab(id as TabId)} keepMounted={false}>
          <Tabs.List ref={list} className={styles.tabs} aria-label={t('frame.sections')}>
            {TABS.map(({ id }) => (
              <Tabs.Tab key={id} value={id} className={styles.tab}>
                {t(`frame.tabs.${id}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <div ref={panel} className={styles.panel}>
            {TABS.map(({ id, Content }) => (
              <Tabs.Panel key={id} value={id} className={styles.content}>
                <ErrorGuard>
                  <Suspense fallback={<Hidden>{t('frame.loading')}</Hidden>}>
                    <Content />
                  </Suspense>
                </ErrorGuard>
              </Tabs.Panel>
            ))}
          </div>
          <div className={styles.chart}>
            <ChartFigure />
          </div>
          <Weights />
          <div className={styles.table}>
            <ModelsTable />
          </div>
        </Tabs>
      </main>
      <StatusBar />
      <Notices />
    </div>
  );
}

/** Where the tabs are wider than the screen, the chosen one and a part of its neighbours are in sight. */
function useChosenInSight(list: RefObject<HTMLDivElement | null>, tab: TabId): void {
  const language = useStore(view, (state) => state.language);
  useEffect(() => {
    const show = () => {
      const chosen = list.current?.querySelector<HTMLElement>(`[role="tab"][id$="-${tab}"]`);
      if (!list.current || !chosen) return;
      const left = chosen.offsetLeft + chosen.offsetWidth / 2 - list.current.clientWidth / 2;
      list.current.scrollTo?.({ left });
    };
    show();
    window.addEventListener('resize', show);
    return () => window.removeEventListener('resize', show);
  }, [list, tab, language]);
}

/** A tab that was just chosen is seen from its beginning, wherever the one before was scrolled to. */
function useBeginning(panel: RefObject<HTMLDivElement | null>, tab: TabId): void {
  const isWide = useMedia(WIDE);
  const before = useRef(tab);
  useLayoutEffect(() => {
    const { current } = panel;
    if (before.current === tab || !current) return;
    before.current = tab;
    current.scrollTop = 0;
    // In one column the page scrolls, and the chart stays above the tab.
    const above = current.parentElement?.querySelector(`.${styles.chart}`)?.getBoundingClientRect().bottom ?? 0;
    if (!isWide && current.getBoundingClientRect().top < above) current.scrollIntoView?.({ block: 'start' });
  }, [panel, tab, isWide]);
}

/** What the method in hand does to the weights: beside the chart where there is room, so that slider and drawing are in one view. */
function Weights() {
  const isWide = useMedia(WIDE);
  const isMethod = useStore(view, ({ tab, optimizeView }) => tab === 'optimize' && optimizeView === 'method');
  const isOpen = useStore(inspection, (state) => state.isOpen);
  const node = useStore(project, ({ nodes, selected }) => (selected === null ? undefined : nodes[selected]));
  if (!isWide || !isMethod || !isOpen || !node || node.summary.kind !== 'model') return null;
  return (
    <div className={styles.weights}>
      <ErrorGuard>
        <Suspense fallback={null}>
          <InspectView node={node} isBeside />
        </Suspense>
      </ErrorGuard>
    </div>
  );
}

/** Ctrl+Z and Ctrl+Shift+Z (or Ctrl+Y), unless a text is being edited, which has its own. */
function useUndoKeys(): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || isEditing(event.target)) return;
      const key = event.key.toLowerCase();
      if (key !== 'z' && key !== 'y') return;
      event.preventDefault();
      if (key === 'y' || event.shiftKey) redo();
      else undo();
    };
    window.addEventListener('keydown', pressed);
    return () => window.removeEventListener('keydown', pressed);
  }, []);
}

function isEditing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('textarea, input:not([type=range], [type=checkbox])'))
  );
}
