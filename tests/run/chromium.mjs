/**
 * Finds the Chromium that the browser tests use: CHROMIUM_PATH, the system's, or Playwright's own; installs one when
 * there is none.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from '@playwright/test';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const elsewhere = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The path of a Chromium that is there, or undefined.
 * @returns {string | undefined}
 */
export function findChromium() {
  const asked = process.env.CHROMIUM_PATH;
  if (asked) return isProgram(asked) ? asked : undefined;
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ...elsewhere];
  return candidates.find(isProgram) ?? (existsSync(chromium.executablePath()) ? chromium.executablePath() : undefined);
}

/**
 * Finds a Chromium, installing it first where none is there.
 * @returns {string | undefined}
 */
export function ensureChromium() {
  const found = findChromium();
  if (found || process.env.CHROMIUM_PATH) return found;
  const debian = existsSync('/etc/debian_version') && process.getuid?.() === 0;
  const install = debian
    ? 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium'
    : 'npx playwright install chromium';
  console.log(`No Chromium here. Installing one: ${install}`);
  spawnSync(install, { shell: true, stdio: ['ignore', 'ignore', 'inherit'], timeout: 8 * 60_000 });
  return findChromium();
}
