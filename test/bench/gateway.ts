import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TargetWatch } from '../../src/cluster/connect/target-watch.ts';
import { GO_RUNTIME } from '../../src/gateway/child/kubectl.ts';
import { Loopback } from '../../src/gateway/wire/loopback.ts';
import { Monitor } from '../../src/gateway/monitor/monitor.ts';
import type { GatewayTransaction } from '../../src/gateway/gateway-transaction.ts';
import { acquireCluster } from '../cluster/cluster-fixture.ts';
import type { GatewayHarness } from '../cluster/gateway/gateway-harness.ts';
import { openGateway } from '../cluster/gateway/gateway-harness.ts';
import { Stopwatch, timedHandler, timedUpstream } from './stages/stopwatch.ts';

const run = promisify(execFile);
const ROUNDS = Number(process.env.STRATUS_BENCH_ROUNDS ?? 40);
/** They fill the discovery caches of both sides and let both programs reach memory. */
const WARM_UP = 2;
const GOAL = 1.03;

/** The number makes each write change something. */
type Command = (n: number) => string[];

const READS: Command[] = [
  () => ['get', 'configmap', 'one', '-o', 'json'],
  () => ['get', 'deployments', '-A'],
  () => ['describe', 'deployment', 'web'],
];
const WRITES: Command[] = [
  (n) => ['label', '--overwrite', 'configmap', 'one', `n=${n}`],
  (n) => ['set', 'image', 'deployment/web', `*=shop:${n}`],
  (n) => ['patch', 'configmap', 'one', '-p', `{"data":{"n":"${n}"}}`],
];

/**
 * Wall time of a whole kubectl through the gateway against kubectl directly, in turn within one run: same binary, same
 * closed environment, warm caches on both sides. Each command is compared with its neighbour of the same round; the
 * figure is the median of those ratios. Goal: at most 1.03 times for reads and for journalled writes. `same Go settings`
 * compares with a kubectl that is given the Go settings of the gateway's child, too.
 */
export async function bench(): Promise<void> {
  const cluster = await acquireCluster();
  const gateway = await openGateway(cluster.instance, 'bench');
  const home = await mkdtemp(join(tmpdir(), 'stratus-bench-'));
  try {
    await mkdir(join(home, 'empty'));
    await gateway.kubectl('create', 'configmap', 'one', '--from-literal=a=b');
    await gateway.kubectl('create', 'deployment', 'web', '--image=shop:1', '--replicas=0');
    await compareReads(gateway, home);
    await compareWrites(gateway, home);
  } finally {
    await rm(home, { recursive: true, force: true });
    await gateway.close();
    await cluster.release();
  }
}

/** In the order in which they are told. */
const SIDES = ['direct', 'same Go settings', 'gateway', 'with rehearsal', 'unrehearsed'] as const;
type WriteSide = (typeof SIDES)[number];
type ReadSide = Extract<WriteSide, 'direct' | 'same Go settings' | 'gateway'>;

async function compareReads(gateway: GatewayHarness, home: string): Promise<void> {
  const watch = new Stopwatch();
  const monitor = new Monitor(timedUpstream(gateway.upstream, watch), 'read');
  const loopback = await Loopback.open(timedHandler(monitor, watch));
  try {
    const times = await inTurn<ReadSide>(READS, [watch], {
      direct: (argv) => direct(gateway, home, argv, {}),
      'same Go settings': (argv) => direct(gateway, home, argv, GO_RUNTIME),
      gateway: (argv) => through(gateway, loopback, argv),
    });
    print('reads', READS, times);
    printStages('gateway: of which in our process, per command', watch, 'judging, passing on');
  } finally {
    await gateway.kubectlChild.forget(loopback.url);
    await loopback.close();
  }
}

/**
 * `gateway` is a step of a transaction as the product runs it, from the end of its rehearsal on; `with rehearsal` is
 * the whole step; `unrehearsed` is the journal mode on its own, which then has to dry-run each write.
 */
async function compareWrites(gateway: GatewayHarness, home: string): Promise<void> {
  const watch = new Stopwatch();
  const alone = await begin(gateway, watch);
  const stepWatch = new Stopwatch('step.after-rehearsal');
  const stepped = await begin(gateway, stepWatch);
  const loopback = await Loopback.open(timedHandler(alone.handler, watch));
  const signal = new AbortController().signal;
  const step = async (argv: string[]) => {
    const from = stepWatch.at('step.after-kubectl');
    const result = await stepped.execute({ argv }, [], signal);
    if (!result.ok) throw new Error(result.problem);
    if (stepWatch.at('step.after-kubectl') === from) throw new Error('the step did not reach its command');
    const journalled = stepWatch.at('step.after-kubectl') - stepWatch.at('step.after-rehearsal');
    stepWatch.total(journalled);
    return { gateway: journalled };
  };
  try {
    const before = () => controllersAreDone(gateway);
    const times = await inTurn<WriteSide>(
      WRITES,
      [watch, stepWatch],
      {
        direct: (argv) => direct(gateway, home, argv, {}),
        'same Go settings': (argv) => direct(gateway, home, argv, GO_RUNTIME),
        'with rehearsal': (argv) => step(argv),
        unrehearsed: (argv) => through(gateway, loopback, argv),
      },
      before,
    );
    print('writes', WRITES, times);
    printStages(
      'gateway: where the time of a command goes',
      stepWatch,
      'kubectl itself, starting it, judging, passing on',
    );
    printStages('unrehearsed: of which in our process, per command', watch, 'judging, forecast, passing on');
    await stepped.undo(signal);
    await alone.undo(signal);
  } finally {
    await gateway.kubectlChild.forget(loopback.url);
    await loopback.close();
    await stepped.dispose();
    await alone.dispose();
  }
}

function begin(gateway: GatewayHarness, watch: Stopwatch): Promise<GatewayTransaction> {
  const upstream = timedUpstream(gateway.upstream, watch);
  const opening = { run: 'bench', title: 'bench', maxWrites: 10_000 };
  // As a run asks before each write, but for the lock, whose age is only compared.
  const pin = new TargetWatch({ kubeconfig: gateway.instance.kubeconfig }, gateway.target);
  const mayWrite = () => pin.change();
  return gateway.transactions({ upstream, mayWrite, crash: (point) => watch.reached(point) }).begin(opening);
}

/** The Deployment's controller has answered the write before, so that its own writes disturb no side. */
async function controllersAreDone(gateway: GatewayHarness): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${gateway.namespace}/deployments/web`;
  for (let last = ''; ;) {
    const web = await gateway.get(path);
    const version = web?.metadata.resourceVersion ?? '';
    if (web?.status?.observedGeneration === web?.metadata.generation && version === last) return;
    last = version;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function direct(gateway: GatewayHarness, home: string, argv: string[], more: NodeJS.ProcessEnv): Promise<void> {
  const env = {
    KUBECONFIG: gateway.instance.kubeconfig,
    KUBECACHEDIR: join(home, 'cache'),
    HOME: home,
    PATH: join(home, 'empty'),
    TMPDIR: home,
    KUBECTL_KUBERC: 'false',
    KUBERC: 'off',
    LANG: 'C.UTF-8',
    ...more,
  };
  await run(gateway.instance.kubectl, ['-n', gateway.namespace, ...argv], { env, cwd: join(home, 'empty') });
}

async function through(gateway: GatewayHarness, { url }: Loopback, argv: string[]): Promise<void> {
  const { namespace } = gateway;
  const result = await gateway.kubectlChild.run({ argv, server: url, namespace, timeoutMs: 60_000 });
  if (result.exitCode !== 0) throw new Error(result.stderr);
}

type Times<Side extends string> = Partial<Record<Side, number>>;

/**
 * Runs every command on every side, each round in another order. Returns times in ms, one per command and round.
 * @param sides each may also return times of other sides that it measured inside
 * @param before done ahead of each command, not timed
 */
async function inTurn<Side extends string>(
  commands: Command[],
  watches: Stopwatch[],
  sides: Partial<Record<Side, (argv: string[]) => Promise<Times<Side> | void>>>,
  before: () => Promise<void> = () => Promise.resolve(),
): Promise<Record<Side, number[]>> {
  const names = Object.keys(sides) as Side[];
  const times = {} as Record<Side, number[]>;
  let n = 0;
  for (let round = 0; round < ROUNDS + WARM_UP; round++) {
    if (round === WARM_UP) for (const watch of watches) watch.clear();
    for (const [index, command] of commands.entries()) {
      const shift = (round + index) % names.length;
      const taken: Times<Side> = {};
      for (const name of [...names.slice(shift), ...names.slice(0, shift)]) {
        await before();
        const from = performance.now();
        const inside = await sides[name]!(command(++n));
        Object.assign(taken, { [name]: performance.now() - from }, inside);
      }
      if (round < WARM_UP) continue;
      for (const name of Object.keys(taken) as Side[]) (times[name] ??= []).push(taken[name]!);
    }
  }
  return times;
}

function print(title: string, commands: Command[], times: Partial<Record<WriteSide, number[]>>): void {
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const { direct: base = [], 'same Go settings': tuned = [], gateway: measured = [] } = times;
  say(`${title}: ${base.length} of each, medians`);
  for (const side of SIDES) {
    const values = times[side];
    if (!values) continue;
    const ratio = side === 'direct' ? '' : `, ratio ${pairwise(values, base).toFixed(3)}`;
    const judged =
      side === 'gateway' ? ` (goal ≤ ${GOAL}); ${pairwise(values, tuned).toFixed(3)} to the same Go settings` : '';
    say(`  ${side.padEnd(18)} ${median(values).toFixed(1).padStart(6)} ms${ratio}${judged}`);
  }
  const each = commands.map((command, at) => {
    const of = (values: number[]) => values.filter((_, index) => index % commands.length === at);
    return `${command(0).slice(0, 2).join(' ')} ${pairwise(of(measured), of(base)).toFixed(3)}`;
  });
  say(`  gateway by command: ${each.join(', ')}`);
}

function printStages(title: string, watch: Stopwatch, rest: string): void {
  process.stdout.write(`  ${title}:\n`);
  for (const [stage, ms] of watch.perCommand(ROUNDS * READS.length, rest)) {
    process.stdout.write(`    ${stage.padEnd(50)} ${ms.toFixed(2).padStart(6)} ms\n`);
  }
}

/** Median of the ratios of neighbours: what slows the machine down for a while slows both. */
function pairwise(values: number[], base: number[]): number {
  return median(values.map((value, index) => value / base[index]!));
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
