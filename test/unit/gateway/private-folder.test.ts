import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makePrivateFolder, removeLeftovers } from '../../../src/gateway/disk/private-folder.ts';

const MODULE = join(import.meta.dirname, '../../../src/gateway/disk/private-folder.ts');
const previous = process.env.TMPDIR;
const children: ChildProcess[] = [];
let shared: string;
beforeEach(async () => {
  shared = await mkdtemp(join(tmpdir(), 'private-folder-'));
  process.env.TMPDIR = shared;
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  if (previous === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = previous;
  await rm(shared, { recursive: true, force: true });
});

/** A process with a private folder, and something in it. */
async function owner(): Promise<{ child: ChildProcess; folder: string }> {
  const script = `const { makePrivateFolder } = await import(${JSON.stringify(MODULE)});
    const folder = await makePrivateFolder();
    await (await import('node:fs/promises')).writeFile(folder + '/kubeconfig', 'x');
    console.log(folder);
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, TMPDIR: shared },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, folder: text.toString().trim() };
}

it('removes the folder of a killed process and no other', async () => {
  const [killed, living] = await Promise.all([owner(), owner()]);
  const mine = await makePrivateFolder();
  await removeLeftovers();
  expect((await readdir(shared)).toSorted()).toEqual(
    [killed.folder, living.folder, mine].map((path) => basename(path)).toSorted(),
  );
  killed.child.kill('SIGKILL');
  await once(killed.child, 'exit');
  await removeLeftovers();
  expect((await readdir(shared)).toSorted()).toEqual([living.folder, mine].map((path) => basename(path)).toSorted());
  expect(await readdir(living.folder)).toEqual(['kubeconfig']);
});

it('takes a later process with the same id for another one', async () => {
  const mine = await makePrivateFolder();
  const reused = mine.replace(/-(\d+)-\d+-/, '-$1-1-');
  await mkdir(reused);
  await removeLeftovers();
  expect(await readdir(shared)).toEqual([basename(mine)]);
});

it('leaves what it cannot judge alone', async () => {
  const { child, folder } = await owner();
  child.kill('SIGKILL');
  await once(child, 'exit');
  const target = join(shared, 'target');
  await mkdir(target);
  await writeFile(join(target, 'keep'), '');
  const names = [
    'stratus-kubectl-abcdef',
    'stratus-kubectl-0123456789ab-1-1-abcdef',
    basename(folder).replace(/-\d+-(\d+)-/, '-x-$1-'),
    'other-folder',
  ];
  for (const name of names) await mkdir(join(shared, name));
  const link = `${folder}x`;
  await symlink(target, link);
  await removeLeftovers();
  expect((await readdir(shared)).toSorted()).toEqual([...names, basename(link), 'target'].toSorted());
  expect(await readdir(target)).toEqual(['keep']);
});

it('is readable by its owner only', async () => {
  expect((await stat(await makePrivateFolder())).mode & 0o777).toBe(0o700);
});
