import { expect, it } from 'vitest';
import type { LockStatus } from '../../../src/run/writer-lock.ts';
import { editorWords } from '../../../src/ui/editor/editor-words.ts';
import { lockNote } from '../../../src/ui/run/lock-note.ts';
import { RecordedRun } from '../../e2e/page/record-run.ts';

const HELD: LockStatus = {
  state: 'held',
  holder: 'root@vm pid 2756 d2663a82',
  phase: 'executing tx-20261129-185517-b078db',
  renewedAt: '',
  level: 'client-side',
  why: '',
};
const NOTE =
  'root@vm is changing this cluster now (applying tx-20261129-185517-b078db). A plan that is approved can only run when that has ended';

it('says in words who is at work, and only while somebody is', () => {
  expect(lockNote(HELD)).toBe(NOTE);
  expect(lockNote({ ...HELD, phase: '' })).toMatch(/^root@vm is changing this cluster now\. /);
  for (const state of ['free', 'dirty', 'unknown'] as const) expect(lockNote({ ...HELD, state })).toBe('');
  const refused =
    'another writer is at work (executing tx-1-a): wait until it has finished (held by root@vm pid 2756 d2663a82)';
  expect(editorWords(refused)).toBe(
    'another writer is at work (applying tx-1-a): wait until it has finished (held by root@vm)',
  );
});

it('is told before the approval, and no more when the run has the lock', async () => {
  const run = await RecordedRun.open();
  run.session.noteLock(NOTE);
  expect((await run.untilAsked()).lockNote).toBe(NOTE);
  const ended = run.when(({ result }) => result !== null);
  await run.approve();
  expect((await ended).lockNote).toBe('');
});
