import type { GatewayHarness } from '../cluster/gateway/gateway-harness.ts';
import type { Instance } from '../testbed/instance.ts';
import type { SoakSuite, SoakTally } from './soak-suite.ts';
import { count, onCluster, shardOf, shards, tallyOf, tryAll } from './soak-suite.ts';

/** Each run has a namespace of its own; more side by side only wait for each other. */
const SIDE_BY_SIDE = 3;
/** Random transactions in one item. */
const TRANSACTIONS = 40;

const onGateway = (run: (gateway: GatewayHarness, item: string) => Promise<SoakTally>) =>
  onCluster('simulated', async (instance: Instance, item) => {
    const { openGateway } = await import('../cluster/gateway/gateway-harness.ts');
    const gateway = await openGateway(instance, 'soak');
    try {
      return await run(gateway, item);
    } finally {
      await gateway.close();
    }
  });

const numbers = (length: number) => count(length).map(Number);

export const UNDO_SUITES: SoakSuite[] = [
  {
    name: 'undo-random',
    summary: '1,000 transactions of random writes to objects of all kinds, each undone and judged by a full dump',
    items: count(25),
    open: onGateway(async (gateway, item) => {
      const { RandomLab } = await import('../cluster/undo/undo-random.ts');
      const lab = await RandomLab.open(gateway);
      try {
        const seeds = numbers(TRANSACTIONS).map((number) => (Number(item) - 1) * TRANSACTIONS + number);
        const lanes = numbers(SIDE_BY_SIDE).map((lane) => seeds.filter((seed) => seed % SIDE_BY_SIDE === lane - 1));
        const reports = await Promise.all(lanes.map((own) => lab.run({ seeds: own, maxOperations: 8 })));
        const figures: Record<string, number> = {};
        const add = (name: string, value: number) => (figures[name] = (figures[name] ?? 0) + value);
        for (const report of reports) {
          add('transactions', report.transactions);
          add('writes tried', report.tried);
          add('writes', report.done);
          add('writes of undo', report.undoWrites);
          add('step by step', report.lifoWrites);
          add('ownership', report.ownershipWrites);
          add('lost or changed, and named before', report.named);
          for (const [name, value] of Object.entries(report.classes)) add(`class ${name}`, value);
        }
        return { ...tallyOf(reports.flatMap(({ differences }) => differences)), figures };
      } finally {
        await lab.close();
      }
    }),
  },
  {
    name: 'undo-crash',
    summary: 'killed at every boundary between journal, lock and API, alone and paired with a kill of the recovery',
    items: [
      'undo',
      'commit',
      ...shards('pairs undo', 8),
      ...shards('pairs commit', 4),
      'command apply',
      'command undo',
      ...shards('command-pairs apply', 8),
      ...shards('command-pairs undo', 8),
    ],
    open: onGateway(async (gateway, item) => {
      const words = item.split(' ');
      return words[0]!.startsWith('command') ? crashCommands(gateway, words) : crashTransactions(gateway, words);
    }),
  },
  {
    name: 'undo-faults',
    summary:
      'every fault of a proxy at every request of a transaction and its undo: once, three times, without an end; and a handful of them in each of 128 mitigations',
    items: [...shards('commit', 16), ...shards('undo', 16), ...shards('mitigate', 16)],
    open: onGateway(async (gateway, item) => {
      if (item.startsWith('mitigate')) return disturbMitigations(gateway, item.split(' ')[1]);
      const { allScenarios, FaultLab } = await import('../cluster/undo/undo-faults.ts');
      const [mode, shard] = item.split(' ') as ['commit' | 'undo', string];
      const course = async () => {
        const lab = await FaultLab.open(gateway);
        return { lab, scenarios: allScenarios(mode, await lab.course(mode)) };
      };
      const first = await course();
      await first.lab.close();
      // A laboratory is used until something failed in it: its end is the start of the next.
      let current: Awaited<ReturnType<typeof course>> | null = null;
      const tally = await tryAll(shardOf(first.scenarios, shard), 1, async (scenario) => {
        current ??= await course();
        const { problems } = await current.lab.run(scenario);
        if (problems.length > 0) {
          await current.lab.close();
          current = null;
        }
        return problems;
      });
      await (current as Awaited<ReturnType<typeof course>> | null)?.lab.close();
      return tally;
    }),
  },
  {
    name: 'interruptions',
    summary: 'every command that writes, stopped in every way at every moment: signals, lost output, a lost journal',
    items: shards('all', 8),
    open: onGateway(async (gateway, item) => {
      const { allInterruptions, interrupt } = await import('../cluster/recovery/interrupted-commands.ts');
      return tryAll(shardOf(allInterruptions(), item.split(' ')[1]), SIDE_BY_SIDE, (one) => interrupt(gateway, one));
    }),
  },
  {
    name: 'journal-damage',
    summary: 'the journal of a real transaction cut at every byte and with a bit flipped at every byte',
    items: ['cut', 'flip', ...shards('undo', 4)],
    open: onGateway(async (gateway, item) => {
      const { DamageLab } = await import('../cluster/recovery/journal-damage.ts');
      const lab = await DamageLab.open(gateway);
      try {
        const [kind, shard] = item.split(' ') as ['cut' | 'flip' | 'undo', string | undefined];
        if (kind !== 'undo') return await tryAll(lab.everyDamage(kind), 1, (damage) => lab.read(damage));
        const some = [...lab.everyDamage('cut'), ...lab.everyDamage('flip')].filter((_, index) => index % 97 === 0);
        return await tryAll(shardOf(some, shard), 1, (damage) => lab.undo(damage));
      } finally {
        await lab.close();
      }
    }),
  },
];

async function disturbMitigations(gateway: GatewayHarness, shard: string | undefined): Promise<SoakTally> {
  const { disturbedMitigation } = await import('../cluster/mitigate-faults.ts');
  return tryAll(shardOf(numbers(128), shard), SIDE_BY_SIDE, async (seed) => {
    const { problems } = await disturbedMitigation(gateway.instance, seed, true);
    return problems;
  });
}

async function crashTransactions(gateway: GatewayHarness, words: string[]): Promise<SoakTally> {
  const { runCrash } = await import('../cluster/undo/undo-crash.ts');
  const paired = words[0] === 'pairs';
  const mode = (paired ? words[1] : words[0]) as 'undo' | 'commit';
  const crash = (first: number, second: number) => runCrash(gateway, { mode, first, second, withKubectl: false });
  const whole = await crash(0, 0);
  const boundaries = numbers(whole.passed.length);
  if (!paired) return tryAll(boundaries, SIDE_BY_SIDE, async (first) => (await crash(first, 0)).problems);
  // The recovery of an early death passes fewer boundaries than a whole undo; beyond its last it is just not killed.
  const undone =
    mode === 'undo' ? whole : await runCrash(gateway, { mode: 'undo', first: 0, second: 0, withKubectl: false });
  const pairs = boundaries.flatMap((first) => numbers(undone.passed.length).map((second) => [first, second] as const));
  return tryAll(shardOf(pairs, words[2]), SIDE_BY_SIDE, async (pair) => (await crash(...pair)).problems);
}

async function crashCommands(gateway: GatewayHarness, words: string[]): Promise<SoakTally> {
  const { crashAtCommandLine } = await import('../cluster/undo/undo-cli-crash.ts');
  const work = words[1] as 'apply' | 'undo';
  const whole = await crashAtCommandLine(gateway, { work, first: 0, second: 0 });
  const boundaries = numbers(whole.passed.length);
  const seconds =
    words[0] === 'command'
      ? [0]
      : numbers((await crashAtCommandLine(gateway, { work: 'undo', first: 0, second: 0 })).passed.length);
  const pairs = boundaries.flatMap((first) => seconds.map((second) => ({ work, first, second })));
  return tryAll(
    shardOf(pairs, words[2]),
    SIDE_BY_SIDE,
    async (pair) => (await crashAtCommandLine(gateway, pair)).problems,
  );
}
