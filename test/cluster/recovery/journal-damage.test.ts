import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { acquireCluster, type TestCluster } from '../cluster-fixture.ts';
import { CHANGED, CliLab } from '../cli-lab.ts';
import { openGateway, type GatewayHarness } from '../gateway/gateway-harness.ts';
import { DamageLab } from './journal-damage.ts';

let cluster: TestCluster;
let gateway: GatewayHarness;
beforeAll(async () => {
  cluster = await acquireCluster();
  gateway = await openGateway(cluster.instance, 'damage');
});
afterAll(async () => {
  await gateway?.close();
  await cluster?.release();
});

describe('the journal of a real transaction', () => {
  // Samples here; every byte is for the soak.
  it.each(['cut', 'flip'] as const)(
    '%s anywhere is read as it was written or refused with file, record and byte',
    async (kind) => {
      const lab = await DamageLab.open(gateway);
      try {
        const all = lab.everyDamage(kind);
        expect(all.length).toBeGreaterThan(5_000);
        for (let at = 3; at < all.length; at += 151)
          expect(await lab.read(all[at]!), JSON.stringify(all[at])).toEqual([]);
        for (const at of all.slice(-80)) expect(await lab.read(at), JSON.stringify(at)).toEqual([]);
        for (const at of kind === 'cut' ? [0, 700, all.length - 30] : [40, all.length >> 1, all.length - 1])
          expect(await lab.undo({ kind, at }), `undo with ${kind} at ${at}`).toEqual([]);
      } finally {
        await lab.close();
      }
    },
  );
});

describe('the command line with a damaged state folder', () => {
  let middle: number;
  let lab: CliLab;
  let id: string;
  beforeAll(async () => {
    const whole = await CliLab.open(gateway);
    const passed = await whole.crash('apply', 0);
    middle = passed.indexOf('write.after-forward', passed.indexOf('write.after-forward') + 1) + 1;
    await whole.close();
  });
  beforeEach(async () => {
    lab = await CliLab.open(gateway);
    // Left in the middle: the second write is on its way.
    await lab.crash('apply', middle);
    id = (await lab.product.transactions())[0]!.id;
    return () => lab.close();
  });

  const inJournal = (name: string) => join(lab.stateFolder, 'journal', name);
  const flip = async (path: string, at: (length: number) => number) => {
    const bytes = await readFile(path);
    bytes[at(bytes.length)]! ^= 4;
    await writeFile(path, bytes);
  };
  const cut = async (path: string, length: (length: number) => number) => {
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, length(bytes.length)));
  };

  /** What happens to the files, and whether the undo is still possible. */
  const damages: Array<[name: string, damage: () => Promise<void>, undoable: boolean]> = [
    ['a flipped bit in the journal', () => flip(inJournal(`${id}.journal`), (length) => length >> 1), false],
    ['a journal cut in half', () => cut(inJournal(`${id}.journal`), (length) => length >> 1), false],
    ['an empty journal', () => cut(inJournal(`${id}.journal`), () => 0), false],
    ['a missing head', () => rm(inJournal(`${id}.journal.head`)), true],
    ['a cut head', () => cut(inJournal(`${id}.journal.head`), () => 5), true],
    ['a flipped bit in the index', () => flip(inJournal('index.journal'), (length) => length >> 1), true],
    ['a cut index', () => cut(inJournal('index.journal'), (length) => length >> 1), true],
    ['an empty index', () => cut(inJournal('index.journal'), () => 0), true],
    ['no index', () => rm(inJournal('index.journal')), true],
    ['a flipped bit in the key', () => flip(join(lab.stateFolder, 'journal.key'), () => 3), false],
    ['a cut key', () => cut(join(lab.stateFolder, 'journal.key'), () => 10), false],
    ['no key', () => rm(join(lab.stateFolder, 'journal.key')), false],
  ];

  it.each(damages)('%s: no crash, no wrong undo', async (name, damage, undoable) => {
    const left = await lab.changes();
    expect(left).not.toEqual([]);
    await damage();
    for (const args of [['journal', 'list'], ['journal', 'show', id], ['journal', 'verify'], ['recover']]) {
      const run = await lab.stratus(...args);
      expect([0, 4], `${args.join(' ')}: ${run.stderr}`).toContain(run.code);
      expect(run.stderr, args.join(' ')).not.toMatch(/^\s+at /m);
    }
    const undo = await lab.stratus('recover', '--undo', '--yes');
    expect(undo.stderr).not.toMatch(/^\s+at /m);
    if (undoable) {
      expect(undo.code, undo.stderr).toBe(0);
      expect(await lab.changes()).toEqual([]);
      return;
    }
    expect(undo.code, undo.stderr).toBe(4);
    expect(await lab.changes()).toEqual(left);
    if (name.includes('key')) return expect(undo.stderr).toMatch(/key/);
    expect(undo.stderr).toMatch(new RegExp(`${id}.journal is damaged at record \\d+ \\(byte \\d+\\)`));
    // It stands in the way of everything new until somebody has decided.
    expect((await lab.stratus(...lab.apply)).code).toBe(7);
    expect((await lab.stratus('recover', '--keep', '--yes')).code).toBe(0);
    const again = await lab.stratus(...lab.apply);
    expect(again.code, again.stderr).toBe(0);
    expect([...new Set((await lab.changes()).map((line) => line.split(/[.:]/)[0]))].sort()).toEqual(CHANGED);
  });
});
