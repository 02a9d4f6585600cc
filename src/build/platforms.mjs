/**
 * `npm run lock`: writes package-lock.json anew and completes it. Compilers come as one optional package a platform, and
 * npm leaves out of the lock those that it could not ask the registry about; `npm ci` then refuses the lock. What is
 * missing is added with what its name says: version, operating system, processor, C library.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

/**
 * What a lock entry says of a package that runs on one platform.
 * @param {string} name
 * @param {string} version
 */
function entryOf(name, version) {
  const words = name === 'fsevents' ? ['darwin'] : name.split(/[/-]/);
  const system = words.find((word) => systems.includes(word));
  const processor = processors.find((word) =>
    words.some((part) => part === word || (word === 'arm' && part.startsWith('armv'))),
  );
  const library = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : words.some((word) => word.startsWith('gnu'))
      ? 'glibc'
      : undefined;
  return {
    version,
    ...(processor ? { cpu: [processor] } : {}),
    ...(library && system === 'linux' ? { libc: [library] } : {}),
    optional: true,
    ...(system ? { os: [system] } : {}),
  };
}

/**
 * Adds to a lock what its packages name as optional and it does not hold. The names that were added.
 * @param {{ packages: Record<string, any> }} lock
 */
export function completeLock(lock) {
  const added = [];
  for (const [path, { optionalDependencies, dev }] of Object.entries(lock.packages)) {
    if (path === '') continue;
    for (const [name, range] of Object.entries(/** @type {Record<string, string>} */ (optionalDependencies ?? {}))) {
      // The name is looked for as Node looks for it: in the package, then in each folder above it.
      const folders = path
        .split('/node_modules/')
        .map((_, depth, parts) => parts.slice(0, depth + 1).join('/node_modules/'));
      if (
        [...folders.map((folder) => `${folder}/node_modules/${name}`), `node_modules/${name}`].some(
          (at) => at in lock.packages,
        )
      ) {
        continue;
      }
      lock.packages[`node_modules/${name}`] = { ...entryOf(name, range.replace(/^[~^]/, '')), ...(dev ? { dev } : {}) };
      added.push(name);
    }
  }
  const sorted = Object.keys(lock.packages).sort((a, b) => (a < b ? -1 : 1));
  lock.packages = Object.fromEntries(sorted.map((path) => [path, lock.packages[path]]));
  return added;
}

if (process.argv[1]?.endsWith('platforms.mjs')) {
  const { status } = spawnSync('npm', ['install', '--package-lock-only', '--ignore-scripts'], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const added = completeLock(lock);
  writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`Added ${added.length} packages of other platforms.`);
}
