import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const MODULE = new URL('../../../src/ui/editor/code-cache.ts', import.meta.url).href;
let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'stratus-test-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

async function bundle(answer: string): Promise<string> {
  const file = join(folder, 'part.cjs');
  await writeFile(
    file,
    `const { sep } = require('node:path'); exports.answer = () => '${answer}' + sep; module.exports.path = __filename;`,
  );
  return file;
}
const cache = () => join(folder, 'cache');

/** In a process of its own: one process compiles the same text only once. */
function start(file: string): { answer: string; path: string; warm: boolean; kept: string } {
  const script = `
    const { loadBundle } = await import(${JSON.stringify(MODULE)});
    const { exports, warm, keep } = loadBundle(${JSON.stringify(file)}, ${JSON.stringify(cache())});
    const answer = exports.answer();
    const kept = await keep().then(() => '', (error) => error.message);
    console.log(JSON.stringify({ answer, path: exports.path, warm, kept }));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout) as ReturnType<typeof start>;
}

it('the second start uses what the first has compiled', async () => {
  const file = await bundle('one');
  expect(start(file)).toEqual({ answer: 'one/', path: file, warm: false, kept: '' });
  expect(start(file)).toMatchObject({ answer: 'one/', warm: true });
});

it('another bundle of the same length is never taken for it, and takes its place', async () => {
  start(await bundle('one'));
  expect(start(await bundle('two'))).toMatchObject({ answer: 'two/', warm: false });
  expect(await readdir(cache())).toHaveLength(1);
});

it('damaged data is refused, and replaced', async () => {
  const file = await bundle('one');
  start(file);
  const [name] = await readdir(cache());
  await writeFile(join(cache(), name!), 'nothing that V8 knows');
  expect(start(file)).toMatchObject({ answer: 'one/', warm: false });
  expect(start(file)).toMatchObject({ answer: 'one/', warm: true });
});

it('a folder that cannot be had costs time only', async () => {
  await writeFile(cache(), 'in the way');
  const { answer, kept } = start(await bundle('one'));
  expect(answer).toBe('one/');
  expect(kept).not.toBe('');
});
