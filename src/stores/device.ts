/**
 * The engine and the backend it computes on: started once, chosen by measuring unless the person asks for one.
 */
import { createStore } from 'zustand/vanilla';
import { startBackground } from '#stores/background';
import { call, connect, faultOf, isAbort, isConnected } from '#stores/engine';
import { notSaved } from '#stores/restore';
import type { DeviceState } from '#stores/state';
import { notify } from '#stores/view';
import { startClient } from '#worker/client';
import type { BackendName, BackendReport } from '#worker/protocol';

export const device = createStore<DeviceState>()(() => ({
  status: 'starting',
  backends: [],
  chosen: null,
  asked: 'auto',
  fault: null,
}));

/** Starts the engine's worker (once, and not before `after`) and lets it choose the fastest backend. */
export async function startEngine(after?: Promise<unknown>): Promise<void> {
  if (!isConnected()) {
    connect(
      startClient({
        after,
        base: new URL('.', document.baseURI).href,
        watchVisible,
        onNotice: (fault) => {
          if (fault.code === 'not-saved') notSaved();
          notify({ level: fault.code === 'resumed' ? 'info' : 'error', words: fault.words, hint: fault.hint });
        },
        onBackend: ({ backends, chosen }) => device.setState({ status: 'ready', backends, chosen }),
      }),
    );
    startBackground(device);
  }
  await chooseBackend('auto');
}

function watchVisible(tell: (visible: boolean) => void): () => void {
  const onChange = (): void => tell(!document.hidden);
  if (document.hidden) tell(false);
  document.addEventListener('visibilitychange', onChange);
  return () => document.removeEventListener('visibilitychange', onChange);
}

/** Changes the backend; 'auto' chooses by timing a few real training steps on each. */
export async function chooseBackend(asked: BackendName | 'auto'): Promise<void> {
  device.setState({ status: 'starting', asked, fault: null });
  try {
    const onProgress = (report: BackendReport): void => {
      if (device.getState().asked === asked)
        device.setState(({ backends }) => ({ backends: withReport(backends, report) }));
    };
    const { backends, chosen, saved } = await call('start', { backend: asked }, { onProgress });
    if (!saved) notSaved();
    if (device.getState().asked === asked) device.setState({ status: 'ready', backends, chosen });
  } catch (error) {
    if (!isAbort(error) && device.getState().asked === asked)
      device.setState({ status: 'failed', fault: faultOf(error) });
  }
}

function withReport(reports: readonly BackendReport[], report: BackendReport): readonly BackendReport[] {
  const known = reports.some(({ name }) => name === report.name);
  return known ? reports.map((other) => (other.name === report.name ? report : other)) : [...reports, report];
}
