/**
 * How the page is looked at: tab, axis of the chart, language, colours, and what it says to the person. Language,
 * colours and axis are kept in localStorage; the language starts as the browser's.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Words } from '#core/params';
import { keep, readKept } from '#stores/kept';
import type { Axis, OptimizeView, TabId, ViewState } from '#stores/state';

const axes: readonly Axis[] = ['parameters', 'nonZero', 'bytes', 'macs', 'latency'];

function preferredLanguage(): 'en' | 'zh' {
  const first = globalThis.navigator?.languages?.[0] ?? globalThis.navigator?.language ?? 'en';
  return first.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

function kept(): Pick<ViewState, 'axis' | 'language' | 'scheme'> {
  const { axis, language, scheme } = readKept('view');
  return {
    axis: axes.find((known) => known === axis) ?? 'parameters',
    language: language === 'en' || language === 'zh' ? language : preferredLanguage(),
    scheme: scheme === 'light' || scheme === 'dark' ? scheme : 'auto',
  };
}

export const view = createStore<ViewState>()(() => ({
  tab: 'data',
  optimizeView: 'method',
  ...kept(),
  notices: [],
  announcement: null,
}));

function keepView(): void {
  const { axis, language, scheme } = view.getState();
  keep('view', { axis, language, scheme });
}

export function setTab(tab: TabId): void {
  show({ tab });
}
/** Shows a part of the Optimize tab, and the tab itself. */
export function setOptimizeView(optimizeView: OptimizeView): void {
  show({ tab: 'optimize', optimizeView });
}
/** What was announced in another tab is no news in this one. */
function show(what: Pick<ViewState, 'tab'> & Partial<ViewState>): void {
  if (what.tab !== view.getState().tab) unannounce();
  view.setState(what);
}
export function setAxis(axis: Axis): void {
  view.setState({ axis });
  keepView();
}
export function setLanguage(language: 'en' | 'zh'): void {
  view.setState({ language });
  keepView();
}
export function setScheme(scheme: 'light' | 'dark' | 'auto'): void {
  view.setState({ scheme });
  keepView();
}

interface Told {
  readonly level: 'info' | 'error';
  readonly words: Words;
  readonly hint?: Words | undefined;
  readonly restores?: string;
}

let lastNotice = 0;
/** Shows a notice until it is dismissed (at most the five latest, each once), and announces it. Returns its id. */
export function notify(notice: Told): number {
  const id = ++lastNotice;
  const { hint, ...told } = notice;
  const { words } = told;
  const shown = { ...told, id, ...(hint ? { hint } : {}) };
  view.setState((state) => {
    const others = state.notices.filter((other) => other.words.en !== words.en);
    return { notices: [...others, shown].slice(-5), announcement: words };
  });
  return id;
}
export function dismissNotice(id: number): void {
  view.setState((state) => ({ notices: state.notices.filter((notice) => notice.id !== id) }));
}
/** Says something in the status region only. */
export function announce(words: Words): void {
  view.setState({ announcement: words });
}
/** What was announced is over: something else begins. */
export function unannounce(): void {
  view.setState({ announcement: null });
}
/** Said where something was given up that would have made a model. */
export const CANCELLED: Words = { en: 'Cancelled. Nothing was changed.', zh: '已取消，没有任何改动。' };

/** A way to tell of something for as long as it holds: what was told is taken back when it does no more. */
export function telling(): { readonly tell: (notice: Told, isShown?: boolean) => void; readonly takeBack: () => void } {
  const told: number[] = [];
  const said: Words[] = [];
  return {
    /** `isShown`: where the person sees it already; it is only announced. */
    tell(notice, isShown = false) {
      said.push(notice.words);
      if (isShown) announce(notice.words);
      else told.push(notify(notice));
    },
    takeBack() {
      for (const id of told.splice(0)) dismissNotice(id);
      const { announcement } = view.getState();
      if (said.splice(0).some((words) => words === announcement)) unannounce();
    },
  };
}

/**
 * A way to tell of what a store has on offer: what was told goes when it has it no more. `seenIn`: the tab that shows it
 * itself; where that one is open it is only announced.
 */
export function noticesOf<S>(
  store: StoreApi<S>,
  isOffered: (state: S) => boolean,
): (notice: Told, seenIn?: TabId) => void {
  const { tell, takeBack } = telling();
  store.subscribe((state, before) => {
    if (isOffered(before) && !isOffered(state)) takeBack();
  });
  return (notice, seenIn) => tell(notice, view.getState().tab === seenIn);
}
