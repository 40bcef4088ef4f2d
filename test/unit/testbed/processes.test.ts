import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withFolderLock } from '../../testbed/folder-lock.ts';
import {
  isRunning,
  killProcesses,
  logTail,
  processesWithMark,
  startDaemon,
  startTimeOf,
} from '../../testbed/processes.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stratus-processes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(script: string, id: string) {
  const log = join(folder, 'log');
  return startDaemon({ name: 'child', command: '/bin/sh', args: ['-c', script], log, cwd: folder }, id);
}

it('finds what it started by its mark, also grandchildren, and ends exactly that', async () => {
  const id = `test-${process.pid}-mark`;
  const one = await start('sleep 1000 & echo started; wait', id);
  const other = await start('exec sleep 1000', `${id}-other`);
  await expect.poll(() => logTail(one.log)).toBe('started');
  await expect.poll(() => processesWithMark(id).length).toBe(2);
  await killProcesses(processesWithMark(id));
  expect(processesWithMark(id)).toEqual([]);
  expect(isRunning(one)).toBe(false);
  expect(isRunning(other)).toBe(true);
  await killProcesses([other]);
  expect(isRunning(other)).toBe(false);
});

it('leaves a process alone whose pid is recorded with another start time', async () => {
  const child = await start('exec sleep 1000', `test-${process.pid}-recycled`);
  await killProcesses([{ ...child, startTime: String(Number(child.startTime) - 1) }]);
  expect(isRunning(child)).toBe(true);
  await killProcesses([child]);
  await killProcesses([child]);
});

it('starts daemons with a small environment and says when a program does not exist', async () => {
  const child = await start('env > out; echo done', 'mark');
  await expect.poll(() => logTail(child.log)).toBe('done');
  const names = readFileSync(join(folder, 'out'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('=')[0]);
  expect(names.filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name!)).sort()).toEqual([
    'HOME',
    'PATH',
    'STRATUS_TESTBED_INSTANCE',
  ]);
  const missing = { name: 'nothing', command: '/no/such/program', args: [], log: join(folder, 'log'), cwd: folder };
  await expect(startDaemon(missing, 'mark')).rejects.toThrow(/could not start nothing/);
});

it('keeps the last lines of a log', () => {
  const log = join(folder, 'log');
  writeFileSync(log, Array.from({ length: 100 }, (_, line) => `line ${line}\n`).join(''));
  expect(logTail(log, 2)).toBe('line 98\nline 99');
  expect(logTail(join(folder, 'none'))).toBe('');
});

it('lets one holder of a lock work at a time', async () => {
  const lock = join(folder, 'lock');
  const seen: string[] = [];
  const work = (name: string) =>
    withFolderLock(lock, { timeoutMs: 10_000 }, async () => {
      seen.push(`${name} in`);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${name} out`);
    });
  await Promise.all([work('a'), work('b'), work('c')]);
  expect(seen.filter((_, index) => index % 2 === 0).map((text) => text.replace('in', 'out'))).toEqual(
    seen.filter((_, index) => index % 2 === 1),
  );
});

it('takes over the lock of a dead process and times out on that of a live one', async () => {
  const lock = join(folder, 'lock');
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const holdBy = async (owner: string) => {
    rmSync(lock, { recursive: true, force: true });
    await withFolderLock(lock, { timeoutMs: 1000 }, async () => {
      writeFileSync(join(lock, 'owner'), owner);
      await withFolderLock(lock, { timeoutMs: 50 }, async () => undefined);
    });
  };
  await holdBy(`${process.pid} 1 ${boot}`);
  await holdBy(`${process.pid} ${startTimeOf(process.pid)} another-boot`);
  await expect(holdBy(`${process.pid} ${startTimeOf(process.pid)} ${boot}`)).rejects.toThrow(/holds/);
});

it('leaves a lock to another who has taken it by the time of its release', async () => {
  const lock = join(folder, 'lock');
  await withFolderLock(lock, { timeoutMs: 1000 }, async () => writeFileSync(join(lock, 'owner'), '1 0 another-boot'));
  expect(readFileSync(join(lock, 'owner'), 'utf8')).toBe('1 0 another-boot');
});
