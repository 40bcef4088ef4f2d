import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { acquireCluster, type TestCluster } from './cluster-fixture.ts';
import { CHANGED, CliLab } from './cli-lab.ts';
import { openGateway, type GatewayHarness } from './gateway-harness.ts';

/** A write that cannot be journalled never reaches the API server. */
let cluster: TestCluster;
let gateway: GatewayHarness;
let lab: CliLab;
beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'full');
});
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
});
beforeEach(async () => {
  lab = await CliLab.open(gateway);
});
afterEach(() => lab.close());

describe('a disk that gets full', () => {
  it.each([1, 4, 8, 12, 16, 20, 24, 32])(
    'at %d KiB: nothing unjournalled is sent, all is taken back or owed',
    async (kib) => {
      const run = await lab.stratusOnFullDisk(kib, ...lab.apply);
      expect([0, 1, 2, 4, 6], run.stderr).toContain(run.code);
      expect(run.stderr).not.toMatch(/^\s+at /m);
      expect(lab.writesSeen()).toBeLessThanOrEqual(await lab.writesJournalled());
      if (run.code === 1 || run.code === 2) expect(await lab.changes(), run.stderr).toEqual([]);
      if (run.code === 6) expect(run.stderr + run.stdout).toMatch(/cannot be written/);
      expect(await lab.leftovers(), run.stderr).toEqual([]);
      const changed = [...new Set((await lab.changes()).map((line) => line.split(/[.:]/)[0]))].sort();
      expect(changed, run.stderr).toEqual(run.code === 0 ? CHANGED : []);
    },
  );
});

describe('a journal folder that is read-only', () => {
  /** Root may write in spite of the mode, so that the file system itself has to refuse. */
  const seal = (folder: string): (() => void) => {
    if (process.getuid?.() !== 0) {
      chmodSync(folder, 0o500);
      return () => chmodSync(folder, 0o700);
    }
    execFileSync('mount', ['--bind', folder, folder]);
    execFileSync('mount', ['-o', 'remount,bind,ro', folder]);
    return () => void execFileSync('umount', [folder]);
  };

  it('lets nothing be written, and still tells and shows what was', async () => {
    expect((await lab.stratus(...lab.apply)).code).toBe(0);
    const before = (await lab.changes()).sort();
    lab.proxy.restart();
    const unseal = seal(join(lab.stateFolder, 'journal'));
    try {
      for (const args of [['undo', '--last', '--yes'], lab.apply]) {
        const run = await lab.stratus(...args);
        expect([4, 6], run.stderr).toContain(run.code);
        expect(run.stderr).toMatch(/cannot be written \((the file system is read-only|permission denied)\)/);
      }
      expect(lab.writesSeen()).toBe(0);
      expect((await lab.stratus('journal', 'list')).stdout).toContain('committed');
      expect((await lab.stratus('journal', 'verify')).code).toBe(0);
    } finally {
      unseal();
    }
    expect((await lab.changes()).sort()).toEqual(before);
    expect((await lab.stratus('undo', '--last', '--yes')).code).toBe(0);
    expect(await lab.leftovers()).toEqual([]);
    expect(await lab.changes()).toEqual([]);
  });
});
