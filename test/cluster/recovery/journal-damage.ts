import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import type { JournalKey } from '../../../src/gateway/journal/journal-key.ts';
import { loadJournalKey } from '../../../src/gateway/journal/journal-key.ts';
import { readJournal } from '../../../src/gateway/journal/journal-file.ts';
import { JournalDamaged } from '../../../src/gateway/journal/journal-lines.ts';
import type { JournalRecord } from '../../../src/gateway/journal/journal-records.ts';
import { JournalStore } from '../../../src/gateway/journal/journal-store.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import { GatewayTransactions } from '../../../src/gateway/transactions.ts';
import type { GatewayHarness } from '../gateway/gateway-harness.ts';
import { deployment } from '../undo/undo-actions.ts';
import { createFixtures, readWorld, worldDifference, type World } from '../undo/undo-world.ts';

/** `cut`: everything from the byte on is gone; `flip`: one of its bits is another. */
export interface Damage {
  kind: 'cut' | 'flip';
  at: number;
}

/** The journal of a real transaction that a process left open, to be damaged again and again. */
export class DamageLab {
  readonly #gateway: GatewayHarness;
  readonly #context: { namespace: string; suffix: string };
  readonly #folder: string;
  #before: World = new Map();
  #after: World = new Map();
  #key: JournalKey = { id: '', bytes: Buffer.alloc(0) };
  #id = '';
  #whole: Buffer = Buffer.alloc(0);
  #records: JournalRecord[] = [];

  private constructor(gateway: GatewayHarness, folder: string, suffix: string) {
    this.#gateway = gateway;
    this.#folder = folder;
    this.#context = { namespace: `damage-${suffix}`, suffix };
  }

  static async open(gateway: GatewayHarness): Promise<DamageLab> {
    const folder = await mkdtemp(join(tmpdir(), 'stratus-damage-'));
    const lab = new DamageLab(gateway, folder, randomBytes(3).toString('hex'));
    const config = (name: string) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: lab.#context.namespace },
      data: { x: '1' },
    });
    await createFixtures(gateway, lab.#context, [
      config('kept'),
      config('lost'),
      deployment(lab.#context.namespace, 'web', { paused: true, replicas: 0 }),
    ]);
    lab.#before = await lab.#world();
    await lab.#transact();
    return lab;
  }

  async close(): Promise<void> {
    await this.#gateway.api.send('DELETE', `/api/v1/namespaces/${this.#context.namespace}`);
    await rm(this.#folder, { recursive: true, force: true });
  }

  everyDamage(kind: Damage['kind']): Damage[] {
    return [...this.#whole.keys()].map((at) => ({ kind, at }));
  }

  /** Reads the journal with the damage. What speaks against it: anything but the truth or a named refusal. */
  async read(damage: Damage): Promise<string[]> {
    const path = join(this.#folder, 'read', 'journal', `${this.#id}.journal`);
    await writeFile(path, damaged(this.#whole, damage));
    try {
      const { records } = await readJournal(path, this.#id, this.#key);
      return this.#isTrue(records as JournalRecord[])
        ? []
        : [`${records.length} records that are not what was written`];
    } catch (error) {
      if (!(error instanceof JournalDamaged)) return [`failed without naming the damage: ${String(error)}`];
      const { file, record, offset, message, intact } = error;
      const named = basename(file) === basename(path) && message.includes(`record ${record} (byte ${offset})`);
      if (!named || offset > this.#whole.length) return [`named wrongly: ${message}`];
      if (damage.kind === 'flip' && offset > damage.at) return [`byte ${offset} is behind the damaged one`];
      return this.#isPrefix(intact as JournalRecord[]) ? [] : ['what it calls intact is not what was written'];
    }
  }

  /** Lets the store list, verify and undo with the damage; the cluster must end restored or untouched. */
  async undo(damage: Damage): Promise<string[]> {
    const home = await mkdtemp(join(this.#folder, 'undo-'));
    await cp(join(this.#folder, 'read'), home, { recursive: true });
    await writeFile(join(home, 'journal', `${this.#id}.journal`), damaged(this.#whole, damage));
    try {
      const store = await JournalStore.open(home, {});
      const problems = await store.verify();
      const listed = (await store.list()).map(({ id }) => id);
      if (!listed.includes(this.#id)) return ['it is not listed any more'];
      const refusal = await this.#undoIn(store);
      const world = await this.#world();
      if (refusal !== null) {
        const left = worldDifference(this.#after, world).map((line) => `refused, but ${line}`);
        return problems.length > 0 ? left : [...left, `refused without damage: ${refusal}`];
      }
      const left = worldDifference(this.#before, world).map((line) => `undone, but ${line}`);
      await this.#transact();
      return left;
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  }

  /** Null when it was undone and verified; else why it was refused. */
  async #undoIn(store: JournalStore): Promise<string | null> {
    let transaction;
    try {
      transaction = await this.#transactions(store).reopen(this.#id);
    } catch (error) {
      if (!(error instanceof JournalDamaged)) throw error;
      return error.message;
    }
    try {
      const result = await transaction.undo(new AbortController().signal);
      if (result.outcome !== 'undone') throw new Error(`undo ended ${result.outcome}: ${result.reason}`);
      return null;
    } finally {
      await transaction.dispose();
    }
  }

  /** Writes of each kind in a transaction that nobody finishes. */
  async #transact(): Promise<void> {
    const home = join(this.#folder, 'read');
    await rm(home, { recursive: true, force: true });
    const store = await JournalStore.open(home, {});
    const transaction = await this.#transactions(store).begin({ run: 'damage', title: 'damage', maxWrites: 20 });
    const api = new KubeApi(transaction.handler);
    const core = `/api/v1/namespaces/${this.#context.namespace}/configmaps`;
    const deploy = `/apis/apps/v1/namespaces/${this.#context.namespace}/deployments/web`;
    const merge = 'application/merge-patch+json';
    const made = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'made' }, data: { a: 'b' } };
    const writes: Array<[string, string, unknown?]> = [
      ['PATCH', `${core}/kept`, { data: { x: '2' } }],
      ['PATCH', deploy, { spec: { minReadySeconds: 3 } }],
      ['POST', core, made],
      ['DELETE', `${core}/lost`],
    ];
    for (const [method, path, body] of writes) {
      const contentType = method === 'PATCH' ? merge : 'application/json';
      const answer = await api.send(method, path, { body, contentType });
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.message}`);
    }
    this.#id = transaction.id;
    await transaction.dispose();
    this.#key = await loadJournalKey(home, {});
    this.#whole = await readFile(join(home, 'journal', `${this.#id}.journal`));
    this.#records = await store.read(this.#id);
    this.#after = await this.#world();
  }

  #transactions(store: JournalStore): GatewayTransactions {
    const target = { ...this.#gateway.target, namespace: this.#context.namespace };
    const { upstream, kubectlChild: kubectl } = this.#gateway;
    return new GatewayTransactions({ upstream, target, kubectl, store, clock: new SystemClock(), convergeMs: 0 });
  }

  /** All of it, or all but outcomes at its end, which were not forced to disk and are found out again. */
  #isTrue(records: JournalRecord[]): boolean {
    return this.#isPrefix(records) && this.#records.slice(records.length).every(({ type }) => type === 'outcome');
  }

  #isPrefix(records: JournalRecord[]): boolean {
    return isDeepStrictEqual(records, this.#records.slice(0, records.length));
  }

  #world(): Promise<World> {
    return readWorld(this.#gateway, this.#context);
  }
}

function damaged(whole: Buffer, { kind, at }: Damage): Buffer {
  if (kind === 'cut') return whole.subarray(0, at);
  const copy = Buffer.from(whole);
  copy[at]! ^= 1 << (at % 8);
  return copy;
}
