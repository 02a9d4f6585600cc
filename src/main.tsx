/** Mounts the studio, starts its engine, and brings back what an earlier visit left. */
import '#ui/kit/styles.ts';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { startEngine } from '#stores/device';
import { restoreProject } from '#stores/project';
import { App } from '#ui/App.tsx';

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
  void startEngine();
  void restoreProject();
}
