import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeApi } from '../../src/gateway/kube-api.ts';
import { JournalFile, readJournal } from '../../src/gateway/journal-file.ts';
import { acquireCluster } from '../cluster/cluster-fixture.ts';
import { openGateway } from '../cluster/gateway-harness.ts';

const ROUNDS = 20;
const WRITES = 10;

/** Latency of an undo per write, share of forced disk writes, journal size, and time to open a long journal. */
export async function bench(): Promise<void> {
  await journalFigures();
  const cluster = await acquireCluster();
  const gateway = await openGateway(cluster.instance, 'bench');
  try {
    const core = `/api/v1/namespaces/${gateway.namespace}/configmaps`;
    for (let n = 0; n < WRITES; n++) await gateway.kubectl('create', 'configmap', `c${n}`, '--from-literal=a=b');
    const doing: number[] = [];
    const undoing: number[] = [];
    const sizes: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const transaction = await gateway
        .transactions({ restoreOwnership: false })
        .begin({ run: 'bench', title: 'bench', maxWrites: 20 });
      const session = new KubeApi(transaction.handler);
      const started = performance.now();
      for (let n = 0; n < WRITES; n++) {
        const body = { data: { a: String(round) } };
        const answer = await session.send('PATCH', `${core}/c${n}`, {
          body,
          contentType: 'application/merge-patch+json',
        });
        if (answer.status !== 200) throw new Error(answer.message);
      }
      const done = performance.now();
      const result = await transaction.undo(new AbortController().signal);
      if (result.outcome !== 'undone') throw new Error(JSON.stringify(result));
      undoing.push((performance.now() - done) / WRITES);
      doing.push((done - started) / WRITES);
      await transaction.dispose();
      sizes.push(await gateway.store.size(transaction.id));
    }
    process.stdout.write(
      `do:   ${median(doing).toFixed(1)} ms per journalled write (median of ${ROUNDS} transactions of ${WRITES})\n`,
    );
    process.stdout.write(`undo: ${median(undoing).toFixed(1)} ms per write, verification included\n`);
    process.stdout.write(
      `journal: ${(median(sizes) / 1024).toFixed(1)} KiB per transaction of ${WRITES} writes, done and undone\n`,
    );
  } finally {
    await gateway.close();
    await cluster.release();
  }
}

async function journalFigures(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-bench-'));
  const path = join(folder, 'long.journal');
  const key = { id: 'bench', bytes: randomBytes(32) };
  const record = { type: 'intent', before: { data: randomBytes(1500).toString('hex') } };
  const journal = await JournalFile.create(path, 'long', key);
  const synced: number[] = [];
  const plain: number[] = [];
  for (let n = 0; n < 1000; n++) {
    const sync = n % 2 === 0;
    const started = performance.now();
    await journal.append(record, sync);
    (sync ? synced : plain).push(performance.now() - started);
  }
  await journal.close();
  const opened: number[] = [];
  for (let n = 0; n < 11; n++) {
    const started = performance.now();
    const { records } = await readJournal(path, 'long', key);
    if (records.length !== 1000) throw new Error('journal lost records');
    opened.push(performance.now() - started);
  }
  const [with_, without] = [median(synced), median(plain)];
  process.stdout.write(
    `append: ${with_.toFixed(2)} ms with fsync, ${without.toFixed(2)} ms without (fsync share ${Math.round((1 - without / with_) * 100)} %)\n`,
  );
  process.stdout.write(
    `open: 1,000 records (${((await stat(path)).size / 1048576).toFixed(1)} MiB) in ${median(opened).toFixed(1)} ms; goal < 100 ms\n`,
  );
  await rm(folder, { recursive: true, force: true });
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
