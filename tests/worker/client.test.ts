import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Client, FaultError, makeClient, type Wire } from '#worker/client';
import { startLater } from '#worker/client-later';
import type { Fault, FromWorker, ToWorker } from '#worker/protocol';

/** A worker whose answers the test gives by hand. */
class FakeWire implements Wire {
  onmessage: Wire['onmessage'] = null;
  onerror: Wire['onerror'] = null;
  onmessageerror: Wire['onmessageerror'] = null;
  readonly sent: (ToWorker & { transfer: Transferable[] })[] = [];
  terminated = false;
  postMessage(message: unknown, transfer: Transferable[]): void {
    this.sent.push({ ...(message as ToWorker), transfer });
  }
  terminate(): void {
    this.terminated = true;
  }
  answer(message: FromWorker): void {
    this.onmessage?.({ data: message } as MessageEvent);
  }
  /** Ids of calls of this name, oldest first. */
  calls(name: string): number[] {
    return this.sent.flatMap((message) => (message.type === 'call' && message.name === name ? [message.id] : []));
  }
}
const fault: Fault = { code: 'x', words: { en: 'no', zh: '不' } };

interface Setting {
  readonly client: Client;
  readonly wires: FakeWire[];
  readonly readers: FakeWire[];
  readonly notices: Fault[];
  readonly taken: string[];
}
const clients: Client[] = [];
function setting(): Setting {
  const wires: FakeWire[] = [];
  const readers: FakeWire[] = [];
  const notices: Fault[] = [];
  const taken: string[] = [];
  const spawn = (list: FakeWire[]) => () => {
    const wire = new FakeWire();
    list.push(wire);
    return wire;
  };
  const client = makeClient({
    spawnEngine: spawn(wires),
    spawnReader: spawn(readers),
    base: 'https://studio.test/',
    onNotice: (one) => notices.push(one),
    onBackend: ({ chosen }) => taken.push(chosen),
    heartbeat: 1000,
    silence: 3000,
    readDeadline: 500,
  });
  clients.push(client);
  return { client, wires, readers, notices, taken };
}
afterEach(() => {
  vi.useRealTimers();
  for (const client of clients.splice(0)) client.dispose();
});
const wire = (of: Setting, index = 0): FakeWire => of.wires[index] as FakeWire;

describe('the client', () => {
  it('starts the worker at the first call, tells it the page’s address, and matches answers by id', async () => {
    const it_ = setting();
    expect(it_.wires).toHaveLength(0);
    const first = it_.client.call('held', { models: ['a'] });
    const second = it_.client.call('held', { models: ['b'] });
    expect(it_.wires).toHaveLength(1);
    expect(wire(it_).sent[0]).toMatchObject({ type: 'base', href: 'https://studio.test/' });
    const [a, b] = wire(it_).calls('held') as [number, number];
    wire(it_).answer({ type: 'result', id: b, response: ['b'] });
    wire(it_).answer({ type: 'result', id: a, response: ['a'] });
    expect(await first).toEqual(['a']);
    expect(await second).toEqual(['b']);
  });

  it('tells the worker when the page is hidden and seen again, a new worker too', () => {
    const wires: FakeWire[] = [];
    let tell: (visible: boolean) => void = () => undefined;
    let watching = true;
    const client = makeClient({
      spawnEngine: () => wires[wires.push(new FakeWire()) - 1] as FakeWire,
      spawnReader: () => new FakeWire(),
      base: 'https://studio.test/',
      watchVisible(told) {
        tell = told;
        return () => {
          watching = false;
        };
      },
    });
    clients.push(client);
    const seen = (): boolean[] =>
      (wires.at(-1)?.sent ?? []).flatMap((one) => (one.type === 'visible' ? [one.visible] : []));
    tell(false);
    client.call('held', { models: [] }).catch(() => undefined);
    expect(seen()).toEqual([false]);
    tell(true);
    expect(seen()).toEqual([false, true]);
    wires[0]?.onerror?.({ message: 'gone' } as ErrorEvent);
    client.call('held', { models: [] }).catch(() => undefined);
    expect(wires).toHaveLength(2);
    expect(seen()).toEqual([]);
    client.dispose();
    expect(watching).toBe(false);
  });

  it('passes progress on, until the call has ended', async () => {
    const it_ = setting();
    const seen: unknown[] = [];
    const call = it_.client.call('loadDataset', { id: 'digits' }, { onProgress: (progress) => seen.push(progress) });
    const [id] = wire(it_).calls('loadDataset') as [number];
    wire(it_).answer({ type: 'progress', id, progress: { loaded: 1, total: 2 } });
    wire(it_).answer({ type: 'result', id, response: null });
    wire(it_).answer({ type: 'progress', id, progress: { loaded: 2, total: 2 } });
    await call;
    expect(seen).toEqual([{ loaded: 1, total: 2 }]);
  });

  it('rejects with the worker’s fault', async () => {
    const it_ = setting();
    const call = it_.client.call('latency', { model: 'm' });
    wire(it_).answer({ type: 'fault', id: wire(it_).calls('latency')[0] as number, fault });
    await expect(call).rejects.toMatchObject({ fault });
    await expect(call).rejects.toBeInstanceOf(FaultError);
  });

  it('aborts: the worker is told, the promise rejects at once, a late answer is ignored', async () => {
    const it_ = setting();
    const stop = new AbortController();
    const call = it_.client.call('latency', { model: 'm' }, { signal: stop.signal });
    stop.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    const [id] = wire(it_).calls('latency') as [number];
    expect(wire(it_).sent.at(-1)).toMatchObject({ type: 'abort', id });
    wire(it_).answer({ type: 'result', id, response: null });
    await expect(it_.client.call('latency', { model: 'm' }, { signal: stop.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(wire(it_).calls('latency')).toHaveLength(1);
  });

  it('gives up at the deadline', async () => {
    const it_ = setting();
    await expect(it_.client.call('latency', { model: 'm' }, { deadline: 10 })).rejects.toMatchObject({
      fault: { code: 'deadline' },
    });
    expect(wire(it_).sent.at(-1)).toMatchObject({ type: 'abort' });
  });

  it('rejects everything when the worker dies, and works on in a new one with the backend that was asked for', async () => {
    const it_ = setting();
    const start = it_.client.call('start', { backend: 'wasm' });
    wire(it_).answer({ type: 'result', id: wire(it_).calls('start')[0] as number, response: {} });
    await start;
    const lost = [it_.client.call('latency', { model: 'a' }), it_.client.call('latency', { model: 'b' })];
    wire(it_).onerror?.({ message: 'out of memory' } as ErrorEvent);
    for (const call of lost)
      await expect(call).rejects.toMatchObject({ fault: { code: 'worker-died', where: 'out of memory' } });
    expect(wire(it_).terminated).toBe(true);
    expect(it_.notices).toMatchObject([{ code: 'worker-died' }]);
    const again = wire(it_, 1);
    expect(again.sent[1]).toMatchObject({ type: 'call', name: 'start', request: { backend: 'wasm' } });
    again.answer({ type: 'result', id: again.calls('start')[0] as number, response: { chosen: 'wasm' } });
    await vi.waitFor(() => expect(it_.taken).toEqual(['wasm']));
    const next = it_.client.call('held', { models: [] });
    again.answer({ type: 'result', id: again.calls('held')[0] as number, response: [] });
    expect(await next).toEqual([]);
  });

  it('does not start a worker again and again that cannot be loaded, but tries at the next call', async () => {
    const it_ = setting();
    const start = it_.client.call('start', { backend: 'auto' });
    wire(it_).onerror?.({ message: '404' } as ErrorEvent);
    await expect(start).rejects.toMatchObject({ fault: { code: 'worker-missing' } });
    expect(it_.wires).toHaveLength(1);
    void it_.client.call('start', { backend: 'auto' }).catch(() => undefined);
    expect(it_.wires).toHaveLength(2);
  });

  it('takes three unanswered pings for death, but not a slow call', async () => {
    vi.useFakeTimers();
    const it_ = setting();
    const held = it_.client.call('held', { models: [] });
    wire(it_).answer({ type: 'result', id: wire(it_).calls('held')[0] as number, response: [] });
    await held;
    const call = it_.client.call('latency', { model: 'm' });
    const rejected = vi.fn();
    call.catch(rejected);
    for (let second = 0; second < 20; second++) {
      await vi.advanceTimersByTimeAsync(1000);
      wire(it_).answer({ type: 'pong', id: 0 });
    }
    expect(rejected).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(4000);
    expect(rejected).toHaveBeenCalledOnce();
    await expect(call).rejects.toMatchObject({ fault: { code: 'worker-died' } });
  });

  it('notices at once that a worker which held its lock has ended, also when nothing was asked of it', async () => {
    const awaited: { name: string; ended: () => void; given: boolean }[] = [];
    const wires: FakeWire[] = [];
    const notices: Fault[] = [];
    const client = makeClient({
      spawnEngine: () => wires[wires.push(new FakeWire()) - 1] as FakeWire,
      spawnReader: () => new FakeWire(),
      base: 'https://studio.test/',
      onNotice: (one) => notices.push(one),
      awaitLock(name, ended) {
        const waiting = { name, ended, given: false };
        awaited.push(waiting);
        return () => {
          waiting.given = true;
        };
      },
    });
    clients.push(client);
    const start = client.call('start', { backend: 'wasm' });
    const [first] = wires as [FakeWire];
    // The page asks for the lock only when the worker has it.
    expect(awaited).toEqual([]);
    first.answer({ type: 'alive' });
    expect(first.sent[0]).toMatchObject({ type: 'base', lock: awaited[0]?.name });
    first.answer({ type: 'result', id: first.calls('start')[0] as number, response: {} });
    await start;
    const busy = client.call('latency', { model: 'm' });
    awaited[0]?.ended();
    await expect(busy).rejects.toMatchObject({ fault: { code: 'worker-died' } });
    expect(notices).toMatchObject([{ code: 'worker-died' }]);
    const second = wires[1] as FakeWire;
    expect(second.calls('start')).toHaveLength(1);
    second.answer({ type: 'alive' });
    expect(awaited).toHaveLength(2);
    expect(awaited[1]?.name).not.toBe(awaited[0]?.name);
    // Word of the first one's end, said again, is not about the second.
    awaited[0]?.ended();
    expect(second.terminated).toBe(false);
    client.dispose();
    expect(awaited[1]?.given).toBe(true);
    expect(notices).toHaveLength(1);
  });

  it('does not ping an idle worker', async () => {
    vi.useFakeTimers();
    const it_ = setting();
    const call = it_.client.call('held', { models: [] });
    wire(it_).answer({ type: 'result', id: wire(it_).calls('held')[0] as number, response: [] });
    await call;
    const before = wire(it_).sent.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(wire(it_).sent).toHaveLength(before);
  });

  it('passes what the engine has to say on', () => {
    const it_ = setting();
    void it_.client.call('held', { models: [] }).catch(() => undefined);
    wire(it_).answer({ type: 'notice', fault });
    expect(it_.notices).toEqual([fault]);
    wire(it_).answer({ type: 'backend', backends: [], chosen: 'cpu' });
    expect(it_.taken).toEqual(['cpu']);
  });
});

describe('a worker that starts later', () => {
  it('gets in order what was posted before, and is heard as if it had been there', async () => {
    const real = new FakeWire();
    let begin: () => void = () => undefined;
    const when = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const start = vi.fn(() => real);
    const wire = startLater(start, when);
    const heard: unknown[] = [];
    wire.onmessage = ({ data }) => heard.push(data);
    wire.onerror = ({ message }) => heard.push(message);
    const { port1, port2 } = new MessageChannel();
    wire.postMessage({ type: 'base', href: '' }, []);
    wire.postMessage({ type: 'call', id: 1 }, [port1]);
    await Promise.resolve();
    expect(start).not.toHaveBeenCalled();
    begin();
    await when;
    wire.postMessage({ type: 'abort', id: 1 }, []);
    expect(real.sent.map(({ type }) => type)).toEqual(['base', 'call', 'abort']);
    expect(real.sent[1]?.transfer).toEqual([port1]);
    real.answer({ type: 'pong', id: 0 });
    real.onerror?.({ message: 'gone' } as ErrorEvent);
    expect(heard).toEqual([{ type: 'pong', id: 0 }, 'gone']);
    wire.terminate();
    expect(real.terminated).toBe(true);
    port1.close();
    port2.close();
  });

  it('never starts once it was ended', async () => {
    const start = vi.fn(() => new FakeWire());
    const when = Promise.resolve();
    startLater(start, when).terminate();
    await when;
    expect(start).not.toHaveBeenCalled();
  });
});

describe('opening files', () => {
  const files = () => [{ name: 'model.h5', bytes: new Uint8Array(4) }];

  it('reads in a worker of its own, which hands the model to the engine and is ended', async () => {
    const it_ = setting();
    const call = it_.client.call('open', { files: files() });
    const reader = it_.readers[0] as FakeWire;
    const port = reader.sent[0]?.transfer[0] as MessagePort;
    const engine = wire(it_).sent.find((message) => message.type === 'call');
    const other = (engine as { request: { port: MessagePort } }).request.port;
    expect(engine?.transfer).toEqual([other]);
    // The two ends belong together.
    const arrived = new Promise((resolve) => {
      other.onmessage = (event: MessageEvent) => resolve(event.data);
    });
    port.postMessage('weights');
    expect(await arrived).toBe('weights');
    reader.onmessage?.({ data: { type: 'read' } } as MessageEvent);
    wire(it_).answer({ type: 'result', id: wire(it_).calls('open')[0] as number, response: { format: 'keras-h5' } });
    expect(await call).toEqual({ format: 'keras-h5' });
    expect(reader.terminated).toBe(true);
    port.close();
    other.close();
  });

  const refusals: [string, (reader: FakeWire) => void, string][] = [
    [
      'says what the reader found',
      (reader) => reader.onmessage?.({ data: { type: 'fault', fault: { ...fault, code: 'h5-bad' } } } as MessageEvent),
      'h5-bad',
    ],
    ['says when the reader crashed', (reader) => reader.onerror?.({ message: 'boom' } as ErrorEvent), 'read-died'],
    ['ends a reader that hangs', () => undefined, 'read-deadline'],
  ];
  for (const [what, happen, code] of refusals) {
    it(`${what}, and tells the engine to stop waiting`, async () => {
      const it_ = setting();
      const call = it_.client.call('open', { files: files() });
      const reader = it_.readers[0] as FakeWire;
      happen(reader);
      await expect(call).rejects.toMatchObject({ fault: { code } });
      expect(reader.terminated).toBe(true);
      expect(wire(it_).sent.at(-1)).toMatchObject({ type: 'abort', id: wire(it_).calls('open')[0] });
      expect(wire(it_).terminated).toBe(false);
    });
  }

  it('can be given up', async () => {
    const it_ = setting();
    const stop = new AbortController();
    const call = it_.client.call('open', { files: files() }, { signal: stop.signal });
    stop.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    expect(it_.readers[0]?.terminated).toBe(true);
  });
});
