import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProductRun } from '../../judge/product.ts';
import { SmallDisk } from '../../testbed/small-disk.ts';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { CHANGED, CliLab } from '../cli-lab.ts';
import { openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';

/** A write that cannot be journalled never reaches the API server. */
let cluster: TestCluster;
let gateway: GatewayHarness;
beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'full');
});
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
});

const changedBy = async (lab: CliLab) =>
  [...new Set((await lab.changes()).map((line) => line.split(/[.:]/)[0]))].sort();

/** What must hold of a transaction on a disk that got full; `full` ends once it is judged what happened there. */
async function judge(lab: CliLab, run: ProductRun, free: () => void): Promise<void> {
  expect([0, 1, 2, 4, 6], run.stderr).toContain(run.code);
  expect(run.stderr).not.toMatch(/^\s+at /m);
  if (run.code !== 0) expect(run.stderr, 'it says what to do').toMatch(/cannot be (written|made).*: free space/);
  if (run.code === 1 || run.code === 2 || run.code === 4) expect(await lab.changes(), run.stderr).toEqual([]);
  if (run.code === 6) {
    expect(run.stderr).toMatch(/stratus recover/);
    // While the disk is full, recovering is said to be impossible; it is not taken for done.
    const early = await lab.stratus('recover', '--undo', '--yes');
    expect([4, 6], early.stderr).toContain(early.code);
    expect(early.stderr + early.stdout).toMatch(/cannot be written/);
  }
  free();
  expect(lab.writesSeen()).toBeLessThanOrEqual(await lab.writesJournalled());
  expect(await lab.leftovers(), run.stderr).toEqual([]);
  expect(await changedBy(lab), run.stderr).toEqual(run.code === 0 ? CHANGED : []);
}

const mounted = await (async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-small-'));
  return { folder, disk: SmallDisk.mount(folder, 24) };
})();
afterAll(async () => {
  mounted.disk?.unmount();
  await rm(mounted.folder, { recursive: true, force: true });
});

describe.runIf(mounted.disk)('a disk that is full', () => {
  const disk = mounted.disk!;
  const ends: number[] = [];
  let lab: CliLab;
  beforeAll(async () => {
    lab = await CliLab.open(gateway, { stateFolder: join(mounted.folder, 'state') });
  });
  afterEach(async () => {
    disk.free();
    lab.proxy.restart();
    // The next case starts from the same state.
    if ((await lab.changes()).length > 0) expect((await lab.stratus('undo', '--last', '--yes')).code).toBe(0);
  });
  afterAll(() => lab?.close());

  const transact = async () => {
    const run = await lab.stratus(...lab.apply);
    ends.push(run.code ?? -1);
    await judge(lab, run, () => disk.free());
  };

  it('from the start: no key is made, nothing is sent', async () => {
    disk.fill();
    const run = await lab.stratus(...lab.apply);
    expect(run.code, run.stderr).toBe(4);
    expect(run.stderr).toMatch(/^stratus: .*no space left on the device.*: free space/);
    expect(lab.writesSeen()).toBe(0);
    disk.free();
    expect(await lab.leftovers()).toEqual([]);
    // Also warms up what kubectl keeps beside the journal.
    const again = await lab.stratus(...lab.apply);
    expect(again.code, again.stderr).toBe(0);
  });

  it.each([0, 4, 8, 12, 16, 24])('but for %d KiB', async (kib) => {
    disk.fill(kib);
    await transact();
  });

  it.each([1, 3, 4])('while write %d is on its way: its outcome, and what follows, finds no space', async (nth) => {
    let writes = 0;
    lab.proxy.restart(({ kind }) => {
      if (kind !== 'write' || ++writes !== nth) return null;
      return { kind: 'act', act: async () => disk.fill() };
    });
    await transact();
    expect(writes).toBeGreaterThanOrEqual(nth);
  });

  it('of files, while those that are there can grow', async () => {
    disk.fillInodes();
    await transact();
  });

  it('at all of these points between the first record and the commit', () => {
    expect(
      new Set(ends.map((code) => (code === 1 || code === 4 ? 'nothing sent' : code === 0 ? 'done' : 'owed'))),
    ).toEqual(new Set(['nothing sent', 'done', 'owed']));
  });
});

describe('files that may not grow', () => {
  // A sample where a full disk can be had, else in its place.
  const sizes = mounted.disk ? [4, 16] : [1, 4, 8, 12, 16, 20, 24, 32];
  if (!mounted.disk) console.log('journal-unwritable: no file system can be mounted here; files are limited instead');

  it.each(sizes)('beyond %d KiB: nothing unjournalled is sent, all is taken back or owed', async (kib) => {
    const lab = await CliLab.open(gateway);
    try {
      await judge(lab, await lab.stratusOnFullDisk(kib, ...lab.apply), () => undefined);
    } finally {
      await lab.close();
    }
  });
});

describe('a journal folder that is read-only', () => {
  let lab: CliLab;
  beforeEach(async () => {
    lab = await CliLab.open(gateway);
  });
  afterEach(() => lab.close());

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
      expect((await lab.stratus('journal', 'list')).stdout).toContain('kept');
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
