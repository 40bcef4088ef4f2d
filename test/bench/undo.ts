import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JournalFile, readJournal } from '../../src/gateway/journal/journal-file.ts';
import { JournalStore } from '../../src/gateway/journal/journal-store.ts';
import { KubeApi } from '../../src/gateway/wire/kube-api.ts';
import { acquireCluster } from '../cluster/cluster-fixture.ts';
import type { GatewayHarness } from '../cluster/gateway/gateway-harness.ts';
import { openGateway } from '../cluster/gateway/gateway-harness.ts';

const ROUNDS = 20;
const WRITES = 10;
const ENTRIES = 1000;

const say = (text: string) => void process.stdout.write(`${text}\n`);

/** Latency of an undo per write, share of forced disk writes, journal size, and time to open a long journal. */
export async function bench(): Promise<void> {
  const disk = await watchDisk();
  await journalFigures();
  await storeFigures();
  const cluster = await acquireCluster();
  const gateway = await openGateway(cluster.instance, 'bench');
  try {
    const core = `/api/v1/namespaces/${gateway.namespace}/configmaps`;
    for (let n = 0; n < WRITES; n++) await gateway.kubectl('create', 'configmap', `c${n}`, '--from-literal=a=b');
    for (const restoreOwnership of [false, true]) await transactionFigures(gateway, core, disk, restoreOwnership);
  } finally {
    await gateway.close();
    await cluster.release();
  }
}

async function transactionFigures(
  gateway: GatewayHarness,
  core: string,
  disk: DiskTime,
  restoreOwnership: boolean,
): Promise<void> {
  const firsts: number[] = [];
  const doing: Sample[] = [];
  const undoing: Sample[] = [];
  const sizes: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const transaction = await gateway
      .transactions({ restoreOwnership })
      .begin({ run: 'bench', title: 'bench', maxWrites: 20 });
    const session = new KubeApi(transaction.handler);
    const write = async (n: number, value: string) => {
      const body = { data: { a: value } };
      const answer = await session.send('PATCH', `${core}/c${n}`, {
        body,
        contentType: 'application/merge-patch+json',
      });
      if (answer.status !== 200) throw new Error(answer.message);
    };
    // It waits for the checkpoint of the namespace, which is taken while the product's first kubectl starts.
    const started = performance.now();
    await write(0, `first ${round}`);
    firsts.push(performance.now() - started);
    doing.push(
      await disk.measure(async () => {
        for (let n = 0; n < WRITES; n++) await write(n, String(round));
      }),
    );
    undoing.push(
      await disk.measure(async () => {
        const result = await transaction.undo(new AbortController().signal);
        if (result.outcome !== 'undone') throw new Error(JSON.stringify(result));
      }),
    );
    await transaction.dispose();
    sizes.push(await gateway.store.size(transaction.id));
  }
  const line = (what: string, samples: Sample[]) => {
    const total = median(samples.map(({ ms }) => ms));
    const share = Math.round((median(samples.map(({ syncMs }) => syncMs)) / total) * 100);
    const syncs = median(samples.map(({ syncs: count }) => count));
    say(`${what} ${(total / WRITES).toFixed(1)} ms per write, ${share} % of it fsync (${syncs} for ${WRITES} writes)`);
  };
  say(
    `transactions of ${WRITES} writes, ownership of fields ${restoreOwnership ? 'given back' : 'left'}, ${ROUNDS} rounds:`,
  );
  say(`  first write: ${median(firsts).toFixed(1)} ms, with the checkpoint of the namespace`);
  line('  do:     ', doing);
  line('  undo:   ', undoing);
  say(`  journal: ${(median(sizes) / 1024).toFixed(1)} KiB per transaction, done and undone`);
}

interface Sample {
  ms: number;
  syncMs: number;
  syncs: number;
}

interface DiskTime {
  measure(work: () => Promise<void>): Promise<Sample>;
}

/** Adds up the time in which this process waits for forced disk writes. */
async function watchDisk(): Promise<DiskTime> {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-bench-'));
  const handle = await open(join(folder, 'probe'), 'w');
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  await rm(folder, { recursive: true });
  let [syncMs, syncs] = [0, 0];
  for (const name of ['datasync', 'sync'] as const) {
    const original = prototype[name];
    prototype[name] = async function (this: FileHandle) {
      const started = performance.now();
      await original.call(this);
      syncMs += performance.now() - started;
      syncs += 1;
    };
  }
  return {
    measure: async (work) => {
      const [started, before, count] = [performance.now(), syncMs, syncs];
      await work();
      return { ms: performance.now() - started, syncMs: syncMs - before, syncs: syncs - count };
    },
  };
}

async function journalFigures(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-bench-'));
  const path = join(folder, 'long.journal');
  const key = { id: 'bench', bytes: randomBytes(32) };
  const record = { type: 'intent', before: { data: randomBytes(1500).toString('hex') } };
  const journal = await JournalFile.create(path, 'long', key);
  const synced: number[] = [];
  const plain: number[] = [];
  for (let n = 0; n < ENTRIES; n++) {
    const sync = n % 2 === 0;
    const started = performance.now();
    await journal.append(record, sync);
    (sync ? synced : plain).push(performance.now() - started);
  }
  await journal.close();
  const opened = await times(11, async () => {
    const { records } = await readJournal(path, 'long', key);
    if (records.length !== ENTRIES) throw new Error('journal lost records');
  });
  say(`append: ${median(synced).toFixed(2)} ms with fsync, ${median(plain).toFixed(2)} ms without`);
  const size = ((await stat(path)).size / 1048576).toFixed(1);
  say(`open: one journal of ${ENTRIES} records (${size} MiB) in ${median(opened).toFixed(1)} ms; goal < 100 ms`);
  await rm(folder, { recursive: true, force: true });
}

/** Opening the state folder and listing what is in it, as every command does. */
async function storeFigures(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-bench-'));
  const store = await JournalStore.open(folder, {});
  const target = { context: 'c', server: 'https://s', fingerprint: 'f', namespace: 'n' };
  for (let n = 0; n < ENTRIES / 10; n++) {
    const at = new Date(n * 1000).toISOString();
    const open = {
      type: 'open',
      id: `tx-${n}`,
      run: 'r',
      title: 't',
      target,
      maxWrites: 20,
      manager: 'm',
      at,
    } as const;
    const journal = await store.create(open);
    await journal.setStatus('committed', at);
    await journal.close();
  }
  const listed = await times(11, async () => {
    const list = await (await JournalStore.open(folder, {})).list();
    if (list.length !== ENTRIES / 10) throw new Error('the index lost transactions');
  });
  say(`list: a state folder of ${ENTRIES / 10} finished transactions in ${median(listed).toFixed(1)} ms`);
  await rm(folder, { recursive: true, force: true });
}

async function times(count: number, work: () => Promise<void>): Promise<number[]> {
  const taken: number[] = [];
  for (let n = 0; n < count; n++) {
    const started = performance.now();
    await work();
    taken.push(performance.now() - started);
  }
  return taken;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
