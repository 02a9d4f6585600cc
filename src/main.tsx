/** Mounts the studio, starts its engine, brings back what an earlier visit left, and keeps it for use without a network. */
import '#ui/kit/styles.ts';
import { registerSW } from 'virtual:pwa-register';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { fetchTexts } from '#i18n/i18n';
import { startEngine } from '#stores/device';
import { openLink } from '#stores/recipes';
import { restoreProject } from '#stores/restore';
import { notify, view } from '#stores/view';
import { App } from '#ui/App.tsx';
import { SMALL } from '#ui/models/ChartFigure.tsx';
import { chartDrawn } from '#ui/models/chart-drawn.ts';

const root = document.getElementById('root');
if (root) void begin(root);

async function begin(root: HTMLElement): Promise<void> {
  const isDrawn = drawn();
  // The first drawing is in the person's language.
  await fetchTexts(view.getState().language);
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
  void startEngine(isDrawn);
  void restoreProject();
  takeLink();
  window.addEventListener('hashchange', takeLink);
  await isDrawn;
  // Never reloads by itself: a run may be going on. The new version comes with the next visit.
  registerSW({
    onNeedRefresh: () =>
      notify({
        level: 'info',
        words: { en: 'A new version of the studio is ready.', zh: '工作室有新版本可用。' },
        hint: { en: 'Close all its tabs and open it again to use it.', zh: '关闭它的所有标签页后重新打开即可使用。' },
      }),
  });
}

/** A recipe in the address is offered once; then the address is plain again. */
function takeLink(): void {
  const { hash, pathname, search } = location;
  if (hash === '') return;
  void openLink(hash).then((taken) => {
    if (taken) history.replaceState(null, '', pathname + search);
  });
}

/**
 * Resolves when the first tab and the chart are on the screen: the engine, and what is kept for use without a network,
 * are fetched after them. A small screen begins without the chart.
 */
async function drawn(): Promise<void> {
  const late = new Promise<void>((resolve) => setTimeout(resolve, 3000));
  if (!matchMedia(SMALL).matches) {
    // Asked for now, so that it comes while the rest is drawn.
    import('#ui/models/ParetoChart.tsx').catch(() => undefined);
    await Promise.race([late, chartDrawn]);
  }
  // What was drawn is to be seen: frames stand still in a hidden page.
  if (!document.hidden)
    await Promise.race([late, new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))]);
}
