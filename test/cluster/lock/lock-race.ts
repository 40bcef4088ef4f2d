import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { LeaseLock } from '../../../src/cluster/lock/lease-lock.ts';
import { SystemClock } from '../../../src/cluster/connect/system-clock.ts';
import type { Random } from '../../judge/random.ts';
import { createRandom } from '../../judge/random.ts';
import { startCli, stratus } from './fence-harness.ts';
import type { GatewayHarness } from '../gateway/gateway-harness.ts';
import { auditedWrites, auditOffset, staleWrites } from './lock-race-audit.ts';

export interface RaceOptions {
  level: 'fenced' | 'client-side';
  seed: number;
  rounds: number;
}

export interface RaceReport {
  rounds: number;
  /** Rounds in which a holder was stopped amid its writes, past its expiry, and went on beside its successor. */
  suspended: number;
  /** Holders that wrote, and their writes, as the audit log tells. */
  holders: number;
  writes: number;
  /** Writes that took effect after a successor's first one. */
  stale: number;
  /** Writes that the API server refused (403). */
  refused: number;
  /** Writes that went out with another identity than the level says. */
  wrongUser: number;
}

const OBJECTS = Array.from({ length: 8 }, (_, index) => `race-${index}`);
/** The shortest that the setting allows: suspended holders must outstay it. */
const LOCK_SECONDS = 6;
const NO_SUCCESSOR_MS = 60_000;
const MAX_TRIES = 12;
const EDITOR = join(import.meta.dirname, 'lock-race-editor.ts');

/** Installs or uninstalls the fence and races; the API server's audit log is the judge. */
export async function raceForLock(gateway: GatewayHarness, options: RaceOptions): Promise<RaceReport> {
  const action = options.level === 'fenced' ? 'install-fence' : 'uninstall-fence';
  const { code, stderr } = await stratus(gateway, ['lock', action, '--yes']);
  if (code !== 0) throw new Error(`lock ${action}: ${stderr}`);
  for (const name of OBJECTS)
    await gateway.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { race: 'yes' } } });
  const editor = new Editor(gateway);
  const random = createRandom(options.seed, 'lock race');
  const report: RaceReport = { rounds: 0, suspended: 0, holders: 0, writes: 0, stale: 0, refused: 0, wrongUser: 0 };
  try {
    for (let round = 0; round < options.rounds; round++) {
      const offset = auditOffset(gateway.instance.auditLog);
      const race = new Round(gateway, editor, `${options.seed}-${round}`, random, round % 2 === 1);
      const suspended = await race.run();
      const writes = await auditedWrites(gateway.instance.auditLog, offset, gateway.namespace);
      const done = writes.filter(({ status }) => status < 300);
      report.rounds += 1;
      report.suspended += suspended ? 1 : 0;
      report.holders += new Set(done.map(({ manager, undo, user }) => `${user} ${manager} ${undo}`)).size;
      report.writes += done.length;
      report.stale += staleWrites(writes, options.level).length;
      report.refused += writes.filter(({ status }) => status === 403).length;
      const byWriter = (user: string) => user === `system:serviceaccount:${gateway.namespace}:stratus-writer`;
      report.wrongUser += done.filter(({ user }) => byWriter(user) !== (options.level === 'fenced')).length;
    }
  } finally {
    editor.close();
  }
  return report;
}

/** One writer: tries again and again while another holds the lock. */
interface Contestant {
  name: string;
  /** `done`, `locked`, or why it failed. */
  attempt(argv: string[]): Promise<string>;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
}

class Round {
  readonly #gateway: GatewayHarness;
  readonly #contestants: Contestant[];
  readonly #random: Random;
  readonly #suspend: boolean;
  readonly #counts = new Map<string, number>();
  #gate: Promise<void> = Promise.resolve();
  #onWrite: (name: string, count: number) => void = () => undefined;

  constructor(gateway: GatewayHarness, editor: Editor, id: string, random: Random, suspend: boolean) {
    this.#gateway = gateway;
    this.#random = random;
    this.#suspend = suspend;
    this.#contestants = [cli(gateway, `cli-1-${id}`), cli(gateway, `cli-2-${id}`), editor.as(`editor-${id}`)];
  }

  /** True when a holder was suspended. */
  async run(): Promise<boolean> {
    const stop = new AbortController();
    const watching = this.#watch(stop.signal);
    const suspension = this.#suspend ? this.#suspendOne() : Promise.resolve(false);
    await Promise.all(this.#contestants.map((one) => this.#race(one)));
    this.#onWrite('', 0);
    const suspended = await suspension;
    stop.abort();
    await watching;
    await this.#breakLock();
    return suspended;
  }

  async #race(one: Contestant): Promise<void> {
    await pause(this.#random.int(0, 300));
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      await this.#gate;
      const argv = ['label', 'configmap', ...OBJECTS, `by=${one.name}`, '--overwrite'];
      if ((await one.attempt(argv)) !== 'locked') return;
      await pause(this.#random.int(50, 250));
    }
  }

  /** Stops the first holder amid its writes, lets another in after its expiry, and wakes it amid those writes. */
  async #suspendOne(): Promise<boolean> {
    const after = this.#random.int(1, OBJECTS.length - 2);
    const delay = this.#random.int(0, 30);
    const victim = await new Promise<Contestant | undefined>((resolve) => {
      this.#onWrite = (name, count) => {
        const writer = this.#contestants.find((one) => one.name === name);
        if (!name || (writer && count >= after)) resolve(writer);
      };
    });
    if (!victim) return false;
    await pause(delay);
    let open = () => undefined as void;
    this.#gate = new Promise((resolve) => (open = resolve));
    victim.signal('SIGSTOP');
    try {
      await pause(LOCK_SECONDS * 1000 + 500);
      const successor = new Promise<void>((resolve) => {
        this.#onWrite = (name) => {
          if (name !== victim.name) resolve();
        };
      });
      await this.#breakLock();
      open();
      await Promise.race([successor, pause(NO_SUCCESSOR_MS)]);
    } finally {
      open();
      victim.signal('SIGCONT');
    }
    return true;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const path = `/api/v1/namespaces/${this.#gateway.namespace}/configmaps`;
    const { resourceVersion } = await this.#gateway.api.list(path);
    const url = `${path}?labelSelector=race&resourceVersion=${resourceVersion}`;
    for await (const { object } of this.#gateway.api.watch(url, signal)) {
      const name = object.metadata.labels?.by ?? '';
      const count = (this.#counts.get(name) ?? 0) + 1;
      this.#counts.set(name, count);
      if (name) this.#onWrite(name, count);
    }
  }

  /** What a colleague does whose lock is held by a machine that does not answer. */
  async #breakLock(): Promise<void> {
    const { upstream, namespace } = this.#gateway;
    const lock = new LeaseLock(upstream, new SystemClock(), { namespace, stateFolder: '/state/colleague' });
    for (let tries = 0; ; tries++) {
      try {
        return await lock.breakLock();
      } catch (error) {
        // Its holder renewed it at the same moment.
        if (tries >= 5) throw error;
      }
    }
  }
}

const freshFolder = (gateway: GatewayHarness) => mkdtemp(join(gateway.stateFolder, 'race-'));

function cli(gateway: GatewayHarness, name: string): Contestant {
  let child: ChildProcess | null = null;
  return {
    name,
    attempt: async (argv) => {
      const env = { STRATUS_HOME: await freshFolder(gateway), STRATUS_LOCK_SECONDS: String(LOCK_SECONDS) };
      const running = startCli(gateway, ['run', '--yes', '--namespace', gateway.namespace, '--', ...argv], env);
      child = running.child;
      const { code, stderr } = await running.done;
      return code === 0 ? 'done' : code === 7 ? 'locked' : `failed: ${stderr}`;
    },
    signal: (signal) => void child?.kill(signal),
  };
}

/** One process for all rounds, with the application open as in an editor. */
class Editor {
  readonly #gateway: GatewayHarness;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(gateway: GatewayHarness) {
    this.#gateway = gateway;
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', EDITOR], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  as(name: string): Contestant {
    return { name, attempt: (argv) => this.#attempt(argv), signal: (signal) => void this.#child.kill(signal) };
  }

  close(): void {
    this.#child.kill('SIGCONT');
    this.#child.stdin!.end();
  }

  async #attempt(argv: string[]): Promise<string> {
    const { instance, namespace } = this.#gateway;
    const config = {
      stateFolder: await freshFolder(this.#gateway),
      kubectlPath: instance.kubectl,
      kubeconfig: instance.kubeconfig,
      lockNamespace: namespace,
      lockSeconds: LOCK_SECONDS,
    };
    this.#child.stdin!.write(`${JSON.stringify({ config, context: instance.context, namespace, argv })}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('the editor process ended');
    return JSON.parse(value) as string;
  }
}
