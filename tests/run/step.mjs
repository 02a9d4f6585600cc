/** Running a program as a step of the suite: its output is shown as it comes, and it is stopped when it takes too long. */
import { spawn } from 'node:child_process';

/**
 * @typedef {{ passed: number, failed: number, skipped?: number }} Outcome
 * @typedef {{ name: string, what: string, run: () => Promise<Outcome> }} Step
 */

/**
 * Runs a program of node_modules/.bin (or any other). Resolves to its exit code, or to undefined when it was stopped
 * or could not be started.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ minutes?: number, env?: Record<string, string>, quiet?: boolean }} [options]
 * @returns {Promise<{ code: number | undefined, output: string }>}
 */
export function runProgram(program, args, { minutes = 3, env = {}, quiet = false } = {}) {
  return new Promise((resolve) => {
    const windows = process.platform === 'win32';
    const child = spawn(program, args, {
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
      env: { ...process.env, ...env },
      shell: windows,
      // A group of its own, so that stopping it also stops what it started.
      detached: !windows,
    });
    let output = '';
    child.stdout?.on('data', (text) => {
      output += text;
    });
    child.stderr?.on('data', (text) => {
      output += text;
    });
    const stop = () => {
      try {
        process.kill(windows ? /** @type {number} */ (child.pid) : -(/** @type {number} */ (child.pid)), 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    const timer = setTimeout(() => {
      console.error(`${program} took more than ${minutes} minutes and was stopped.`);
      stop();
    }, minutes * 60_000);
    const leave = () => {
      stop();
      process.exit(1);
    };
    process.once('SIGINT', leave);
    process.once('SIGTERM', leave);
    const end = (/** @type {number | undefined} */ code) => {
      clearTimeout(timer);
      process.off('SIGINT', leave);
      process.off('SIGTERM', leave);
      resolve({ code, output });
    };
    child.once('error', (error) => {
      console.error(`${program} could not be started: ${error.message}`);
      end(undefined);
    });
    child.once('close', (code) => end(code ?? undefined));
  });
}

/**
 * A step that is one check: it passes when the program ends with 0.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {number} [minutes]
 * @returns {Promise<Outcome>}
 */
export async function oneCheck(program, args, minutes) {
  const { code } = await runProgram(program, args, minutes === undefined ? {} : { minutes });
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}
