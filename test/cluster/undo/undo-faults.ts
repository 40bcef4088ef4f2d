import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ClusterConnection } from '../../../src/cluster/connect/cluster-connection.ts';
import { loadKubeconfig } from '../../../src/cluster/connect/kubeconfig.ts';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import { JournalStore } from '../../../src/gateway/journal/journal-store.ts';
import { KubeApi } from '../../../src/gateway/wire/kube-api.ts';
import { GatewayTransactions } from '../../../src/gateway/transactions.ts';
import type { Fault, SeenRequest } from '../../testbed/fault-proxy.ts';
import { FaultProxy } from '../../testbed/fault-proxy.ts';
import type { GatewayHarness } from '../gateway/gateway-harness.ts';
import { deployment } from './undo-actions.ts';
import { createFixtures, readWorld, worldDifference, type World } from './undo-world.ts';

/** Which fault hits which request, and how many in a row. */
export interface FaultScenario {
  fault: string;
  /** Request of the fault-free course, counted from 1. */
  at: number;
  /** How many requests from there on; Infinity until the proxy is healed. */
  times: number;
  mode: 'commit' | 'undo';
}

export interface FaultResult {
  /** Empty when the end is one of those that are promised. */
  problems: string[];
  end: 'committed' | 'undone' | 'recovered';
  /** Whether the fault was met at all. */
  hit: boolean;
}

/** Faults that one more try may get over. `on`: which requests they make sense for. */
const FAULTS: Record<string, { fault(lab: FaultLab): Fault; on?: SeenRequest['kind'][]; once?: true }> = {
  '429': { fault: () => ({ kind: 'status', code: 429, retryAfter: 0 }) },
  '429 without a hint': { fault: () => ({ kind: 'status', code: 429 }) },
  '500': { fault: () => ({ kind: 'status', code: 500 }) },
  '502': { fault: () => ({ kind: 'status', code: 502 }) },
  '503': { fault: () => ({ kind: 'status', code: 503 }) },
  '504': { fault: () => ({ kind: 'status', code: 504 }) },
  '409': { fault: () => ({ kind: 'status', code: 409 }), on: ['dry-run', 'write'] },
  'conflicting status update': {
    fault: (lab) => ({ kind: 'act', act: () => lab.touchStatus() }),
    on: ['dry-run', 'write'],
  },
  'cut before': { fault: () => ({ kind: 'cut-before' }) },
  reset: { fault: () => ({ kind: 'reset' }) },
  // A kept-alive connection whose end crosses the next request, or is found by it.
  'closed at rest': { fault: () => ({ kind: 'close-idle', when: 'at once', how: 'FIN' }) },
  'closed at the next request': { fault: () => ({ kind: 'close-idle', when: 'next request', how: 'FIN' }) },
  'reset at the next request': { fault: () => ({ kind: 'close-idle', when: 'next request', how: 'RST' }) },
  'cut after': { fault: () => ({ kind: 'cut-after' }) },
  'cut in the body': { fault: () => ({ kind: 'cut-body' }) },
  'black hole before': { fault: () => ({ kind: 'black-hole', stored: false }), once: true },
  'black hole after': { fault: () => ({ kind: 'black-hole', stored: true }), once: true },
  late: { fault: () => ({ kind: 'late', ms: 250 }), on: ['dry-run', 'write'] },
  delay: { fault: () => ({ kind: 'delay', ms: 300 }) },
};
export const FAULT_NAMES = Object.keys(FAULTS);

const ANSWER_TIMEOUT_MS = 700;
const PATIENCE_MS = 4_000;
/** An outage is not waited out. */
const OUTAGE_PATIENCE_MS = 400;
const WRITES = 6;

/** One namespace behind a proxy, in which transactions are done, disturbed, undone and judged. */
export class FaultLab {
  readonly proxy: FaultProxy;
  readonly #gateway: GatewayHarness;
  readonly #folder: string;
  readonly #context: { namespace: string; suffix: string };
  readonly #upstream: ClusterConnection;
  readonly #store: JournalStore;
  #before: World = new Map();
  #committed: World = new Map();
  #restingStatus = 5_000;

  private constructor(
    gateway: GatewayHarness,
    folder: string,
    context: { namespace: string; suffix: string },
    parts: { proxy: FaultProxy; upstream: ClusterConnection; store: JournalStore },
  ) {
    this.#gateway = gateway;
    this.#folder = folder;
    this.#context = context;
    this.proxy = parts.proxy;
    this.#upstream = parts.upstream;
    this.#store = parts.store;
  }

  static async open(gateway: GatewayHarness): Promise<FaultLab> {
    const suffix = randomBytes(3).toString('hex');
    const context = { namespace: `faults-${suffix}`, suffix };
    const folder = await mkdtemp(join(tmpdir(), 'stratus-faults-'));
    const proxy = await FaultProxy.start(gateway.instance, folder);
    const kubeconfig = await loadKubeconfig({ kubeconfig: proxy.kubeconfig });
    const target = await kubeconfig.target(gateway.instance.context, context.namespace);
    const upstream = await connect(kubeconfig, target, {
      clock: new SystemClock(),
      environment: {},
      answerTimeoutMs: ANSWER_TIMEOUT_MS,
      connectTimeoutMs: ANSWER_TIMEOUT_MS,
    });
    const store = await JournalStore.open(folder, {});
    const lab = new FaultLab(gateway, folder, context, { proxy, upstream, store });
    const config = (name: string) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: context.namespace },
      data: { x: '1' },
    });
    await createFixtures(gateway, context, [
      config('kept'),
      config('lost'),
      config('applied'),
      deployment(context.namespace, 'web', { paused: true, replicas: 0 }),
    ]);
    lab.#before = await lab.#world();
    return lab;
  }

  async close(): Promise<void> {
    this.#upstream.close();
    await this.proxy.close();
    await this.#gateway.api.send('DELETE', `/api/v1/namespaces/${this.#context.namespace}`);
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Requests of a course without faults, and what it leaves behind when it commits. */
  async course(mode: 'commit' | 'undo'): Promise<SeenRequest[]> {
    this.proxy.restart();
    const transaction = await this.#begin(PATIENCE_MS);
    const refused = await this.#write(transaction.handler);
    if (refused) throw new Error(`the course without faults failed: ${refused}`);
    if (mode === 'commit') {
      await transaction.commit();
      this.#committed = await this.#world();
    } else await this.#mustUndo(transaction);
    const seen = [...this.proxy.seen];
    await transaction.dispose();
    if (mode === 'commit') await this.#recover(transaction.id);
    return seen;
  }

  async run({ fault, at, times, mode }: FaultScenario): Promise<FaultResult> {
    const { fault: make, on } = FAULTS[fault]!;
    const problems: string[] = [];
    let hits = 0;
    this.proxy.restart(({ n, kind }) => {
      if (n < at || hits >= times || (on && !on.includes(kind))) return null;
      hits += 1;
      return make(this);
    });
    const transaction = await this.#begin(times === Infinity ? OUTAGE_PATIENCE_MS : PATIENCE_MS);
    const refused = await this.#write(transaction.handler);
    let end: FaultResult['end'];
    if (mode === 'commit' && !refused) {
      await transaction.commit();
      await transaction.dispose();
      end = 'committed';
      await this.proxy.settle();
      problems.push(...worldDifference(this.#committed, await this.#world()).map((line) => `committed, but ${line}`));
    } else {
      if (refused && times === 1) problems.push(`one ${fault} made a write fail: ${refused}`);
      const result = await transaction.undo(new AbortController().signal);
      await transaction.dispose();
      end = 'undone';
      if (result.outcome === 'diverged') problems.push(`diverged: ${JSON.stringify(result.differences).slice(0, 300)}`);
      if (result.outcome === 'stranded' && times !== Infinity) problems.push(`stranded: ${result.reason}`);
      if (result.outcome === 'stranded') end = 'recovered';
      if (result.outcome === 'undone') problems.push(...(await this.#differences('undone')));
    }
    this.proxy.restart();
    await this.proxy.settle();
    // A committed one is taken back as well, an owed one finished; a finished one must stay as it is.
    if (end !== 'undone') problems.push(...(await this.#recover(transaction.id)));
    problems.push(...(await this.#differences('in the end')));
    for (const { id, status, active } of await this.#store.list()) {
      if (id === transaction.id && (status !== 'undone' || active)) problems.push(`${id} is left ${status}`);
    }
    for (const { name, problem } of await this.#store.verify()) problems.push(`${name}: ${problem}`);
    return { problems, end, hit: hits > 0 };
  }

  /** Another writer whose edits are nobody's business, but move the version. */
  async touchStatus(): Promise<void> {
    const path = `/apis/apps/v1/namespaces/${this.#context.namespace}/deployments/web/status`;
    await this.#gateway.api.send('PATCH', path, {
      body: { status: { observedGeneration: ++this.#restingStatus } },
      contentType: 'application/merge-patch+json',
    });
  }

  #begin(patienceMs: number) {
    return this.#transactions(patienceMs).begin({ run: 'faults', title: 'faults', maxWrites: 20 });
  }

  #transactions(patienceMs: number): GatewayTransactions {
    const upstream = this.#upstream;
    const store = this.#store;
    const target = { ...this.#gateway.target, namespace: this.#context.namespace };
    const clock = new SystemClock();
    const kubectl = this.#gateway.kubectlChild;
    const patience = { patienceMs, stepPatienceMs: patienceMs, convergeMs: 0 };
    return new GatewayTransactions({ upstream, target, kubectl, store, clock, ...patience });
  }

  /** Writes of every kind; what the first refused one was told, else empty. */
  async #write(handler: ConstructorParameters<typeof KubeApi>[0]): Promise<string> {
    const api = new KubeApi(handler);
    const core = `/api/v1/namespaces/${this.#context.namespace}`;
    const deploy = `/apis/apps/v1/namespaces/${this.#context.namespace}/deployments/web`;
    const image = { spec: { template: { spec: { containers: [{ name: 'app', image: 'shop:2' }] } } } };
    const config = (name: string, data: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
    const writes: Array<[method: string, path: string, body?: unknown, contentType?: string]> = [
      ['PATCH', `${core}/configmaps/kept`, { data: { x: '2', added: 'yes' } }, 'application/merge-patch+json'],
      ['PATCH', deploy, image, 'application/strategic-merge-patch+json'],
      ['PATCH', `${deploy}/scale`, { spec: { replicas: 1 } }, 'application/merge-patch+json'],
      ['POST', `${core}/configmaps`, config('made', { a: 'b' })],
      ['DELETE', `${core}/configmaps/lost`],
      [
        'PATCH',
        `${core}/configmaps/applied?fieldManager=tool&force=true`,
        config('applied', { s: '1' }),
        'application/apply-patch+yaml',
      ],
    ];
    if (writes.length !== WRITES) throw new Error('another number of writes than the limit knows');
    for (const [method, path, body, contentType] of writes) {
      const answer = await api.send(method, path, { body, ...(contentType ? { contentType } : {}) });
      if (answer.status >= 300) return `${method} ${path.split('?')[0]}: ${answer.status} ${answer.message}`;
    }
    return '';
  }

  async #recover(id: string): Promise<string[]> {
    const again = await this.#transactions(PATIENCE_MS).reopen(id);
    try {
      const result = await again.undo(new AbortController().signal);
      return result.outcome === 'undone' ? [] : [`recovery ended ${result.outcome}: ${result.reason}`];
    } finally {
      await again.dispose();
    }
  }

  async #mustUndo(transaction: { undo(signal: AbortSignal): Promise<{ outcome: string }> }): Promise<void> {
    const result = await transaction.undo(new AbortController().signal);
    if (result.outcome !== 'undone') throw new Error(`undo without faults: ${JSON.stringify(result)}`);
  }

  async #differences(when: string): Promise<string[]> {
    return worldDifference(this.#before, await this.#world()).map((line) => `${when}, but ${line}`);
  }

  #world(): Promise<World> {
    return readWorld(this.#gateway, this.#context);
  }
}

/** Every fault at every request that it makes sense for. */
export function allScenarios(mode: 'commit' | 'undo', course: SeenRequest[]): FaultScenario[] {
  return FAULT_NAMES.flatMap((fault) => {
    const { on, once } = FAULTS[fault]!;
    return (
      course
        .filter(({ kind }) => !on || on.includes(kind))
        .flatMap(({ n }) => (once ? [1, Infinity] : [1, 3, Infinity]).map((times) => ({ fault, at: n, times, mode })))
        // Without an end these are no outage.
        .filter(
          ({ times }) => times !== Infinity || !['409', 'conflicting status update', 'late', 'delay'].includes(fault),
        )
    );
  });
}
