/** Mounts the studio, starts its engine, brings back what an earlier visit left, and keeps it for use without a network. */
import '#ui/kit/styles.ts';
import { registerSW } from 'virtual:pwa-register';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { fetchTexts } from '#i18n/i18n';
import { startEngine } from '#stores/device';
import { restoreProject } from '#stores/project';
import { openLink } from '#stores/recipes';
import { notify, view } from '#stores/view';
import { App } from '#ui/App.tsx';

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
 * Resolves when the chart and the first tab have been fetched and drawn: the engine and what is kept for use without a
 * network come after them, so that they are not waited for.
 */
async function drawn(): Promise<void> {
  await Promise.allSettled([import('#ui/data/DataTab.tsx'), import('#ui/models/ParetoChart.tsx')]);
  // Frames stand still in a hidden page.
  for (let frame = 0; frame < 2; frame++)
    await new Promise<void>((resolve) => {
      requestAnimationFrame(() => setTimeout(resolve));
      setTimeout(resolve, 250);
    });
}
