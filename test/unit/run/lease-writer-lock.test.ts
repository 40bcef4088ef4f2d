import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { processWorld } from '../../../src/gateway/disk/process-identity.ts';
import { LeaseWriterLock } from '../../../src/run/lease-writer-lock.ts';

it('says once what became of a lock, however many claims of its cluster were left', async () => {
  const home = await mkdtemp(join(tmpdir(), 'stratus-claims-'));
  try {
    await mkdir(join(home, 'lock-claims'), { mode: 0o700 });
    for (const namespace of ['shop', 'default']) {
      const target = { context: 'dev', server: 's', fingerprint: 'f', namespace };
      // No process has this number.
      const name = [processWorld(), 2 ** 30, 'unknown', namespace].join('-');
      await writeFile(join(home, 'lock-claims', name), JSON.stringify(target), { mode: 0o600 });
    }
    const ofPinned = async () => Promise.reject(new Error('the cluster does not answer'));
    const lock = new LeaseWriterLock(home, { ofPinned } as never);
    expect(await lock.freeLeft()).toEqual([
      'whether a writer lock was left on dev is not known: the cluster does not answer',
    ]);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
