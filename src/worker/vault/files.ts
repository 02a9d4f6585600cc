/**
 * Where the vault keeps its bytes: flat names in the origin's private file system (OPFS), or in memory where there is
 * none. Only the tab that holds the vault's lock writes; another tab reads what is there and keeps its own in memory, until
 * the first one is gone and it takes the files over.
 */

export interface Files {
  /** Whether what is written outlives the page. */
  readonly persistent: boolean;
  /** Bytes and full size; the bytes are the first `limit` only where a limit is given. Null when there is no such file. */
  read(name: string, limit?: number): Promise<{ readonly bytes: Uint8Array; readonly size: number } | null>;
  /** Rejects when the disk is full or storage was taken away. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
  list(): Promise<readonly string[]>;
  /**
   * Of files that another tab holds: waits until it has let go of them, and writes to them from then on, what was written
   * so far included, except what `isLeft`: that is forgotten.
   */
  takeOver?(isLeft: (name: string) => boolean): Promise<void>;
}

export function memoryFiles(): Files {
  const held = new Map<string, Uint8Array>();
  return {
    persistent: false,
    async read(name, limit) {
      const bytes = held.get(name);
      return bytes ? { bytes: limit === undefined ? bytes : bytes.subarray(0, limit), size: bytes.length } : null;
    },
    async write(name, bytes) {
      held.set(name, bytes);
    },
    async remove(name) {
      held.delete(name);
    },
    list: async () => [...held.keys()],
  };
}

/** Files of a directory handle. */
export function directoryFiles(directory: FileSystemDirectoryHandle): Files {
  return {
    persistent: true,
    async read(name, limit) {
      try {
        const file = await (await directory.getFileHandle(name)).getFile();
        const part = limit === undefined ? file : file.slice(0, limit);
        return { bytes: new Uint8Array(await part.arrayBuffer()), size: file.size };
      } catch (error) {
        if (error instanceof DOMException && error.name === 'NotFoundError') return null;
        throw error;
      }
    },
    async write(name, bytes) {
      const file = await directory.getFileHandle(name, { create: true });
      if ('createSyncAccessHandle' in file) {
        const access = await file.createSyncAccessHandle();
        try {
          access.truncate(0);
          const written = access.write(bytes as Uint8Array<ArrayBuffer>, { at: 0 });
          if (written !== bytes.length) throw new DOMException('the disk is full', 'QuotaExceededError');
          access.flush();
        } finally {
          access.close();
        }
      } else {
        const stream = await (file as FileSystemFileHandle).createWritable();
        await stream.write(bytes as Uint8Array<ArrayBuffer>);
        await stream.close();
      }
    },
    async remove(name) {
      await directory.removeEntry(name).catch(() => undefined);
    },
    async list() {
      const names: string[] = [];
      for await (const name of directory.keys()) names.push(name);
      return names;
    },
  };
}

/** Reads from `below` what `above` does not have; writes and removes above only, until `freed` resolves and it takes over. */
export function layeredFiles(above: Files, below: Files, freed: () => Promise<unknown>): Files {
  let home = above;
  return {
    get persistent() {
      return home.persistent;
    },
    read: async (name, limit) => (await above.read(name, limit)) ?? (await below.read(name, limit)),
    write: (name, bytes) => home.write(name, bytes),
    async remove(name) {
      await above.remove(name);
      if (home === below) await below.remove(name);
    },
    list: () => home.list(),
    async takeOver(isLeft) {
      if (home === below) return;
      await freed();
      home = below;
      // In the order in which they were written: what names others comes after them.
      for (const name of await above.list()) {
        const held = isLeft(name) ? null : await above.read(name);
        if (held) await below.write(name, held.bytes);
        await above.remove(name);
      }
    },
  };
}

const folder = 'whittle-models';

/** The origin's files where this worker may write them; otherwise memory (over the origin's files where they can be read). */
export async function originFiles(scope: { readonly navigator: WorkerNavigator }): Promise<Files> {
  const { storage, locks } = scope.navigator;
  try {
    const directory = await (await storage.getDirectory()).getDirectoryHandle(folder, { create: true });
    const files = directoryFiles(directory);
    return (await holdLock(locks)) ? files : layeredFiles(memoryFiles(), files, () => waitForLock(locks));
  } catch {
    return memoryFiles();
  }
}

const lockName = 'whittle.vault';

/** Resolves when this worker holds the vault's lock, as long as it lives. */
function waitForLock(locks: LockManager): Promise<void> {
  return new Promise((resolve, reject) => {
    locks
      .request(lockName, () => {
        resolve();
        return new Promise(() => undefined);
      })
      .catch(reject);
  });
}

/** Holds the vault's lock as long as this worker lives. A worker that is just being ended may still hold it: ask for a while. */
async function holdLock(locks: LockManager | undefined): Promise<boolean> {
  if (!locks) return true;
  for (let attempt = 0; attempt < 10; attempt++) {
    const held = await new Promise<boolean>((resolve) => {
      locks
        .request(lockName, { ifAvailable: true }, (lock) => {
          resolve(lock !== null);
          return lock ? new Promise(() => undefined) : undefined;
        })
        .catch(() => resolve(false));
    });
    if (held) return true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return false;
}
