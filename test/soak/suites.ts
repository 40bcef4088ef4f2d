import { isDeepStrictEqual } from 'node:util';
import { downCluster, upCluster, type Instance } from '../testbed/instance.ts';
import { StreamReport } from '../testbed/report.ts';

export interface SoakTally {
  passed: number;
  failed: number;
  failures: string[];
  /** Counts to be added up over the items and reported, whatever they are. */
  figures?: Record<string, number>;
}

/** A long suite cut into items that can be run one by one. */
export interface SoakSuite {
  name: string;
  summary: string;
  items: string[];
  open(): Promise<{ run(item: string): Promise<SoakTally>; close(): Promise<void> }>;
}

const count = (length: number) => [...Array(length).keys()].map((index) => String(index + 1));
const tallyOf = (failures: string[]): SoakTally => ({
  passed: failures.length === 0 ? 1 : 0,
  failed: failures.length === 0 ? 0 : 1,
  failures,
});

/** Starts a cluster of its own for the suite and stops it afterwards. */
function onCluster(nodes: 'real' | 'simulated', run: (instance: Instance, item: string) => Promise<SoakTally>) {
  return async () => {
    const report = new StreamReport();
    const name = `soak-${process.pid}`;
    const instance = await upCluster({ name, nodes }, report);
    return {
      run: (item: string) => run(instance, item),
      close: async () => {
        await downCluster(name, report);
      },
    };
  };
}

export const SUITES: SoakSuite[] = [
  {
    name: 'judge',
    summary: 'ten generated applications with a fault each, then the same with a SIGKILL amid the transaction',
    items: [...count(10), ...count(10).map((seed) => `${seed} killed`)],
    open: onCluster('real', async (instance, item) => {
      const { runJudge } = await import('../judge/judge.ts');
      const [seed, killed] = item.split(' ');
      const { passed, failed, failures } = await runJudge({
        instance,
        seeds: [Number(seed)],
        kill: killed ? [Number(seed)] : [],
      });
      return { passed, failed, failures };
    }),
  },
  {
    name: 'undo-random',
    summary: '1,000 random transactions of up to 15 writes, each undone and compared',
    items: count(100),
    open: onCluster('simulated', async (instance, item) => {
      const { openGateway } = await import('../cluster/gateway-harness.ts');
      const { randomTransactions } = await import('../cluster/undo-random.ts');
      const gateway = await openGateway(instance, 'soak');
      try {
        const report = await randomTransactions(gateway, {
          seed: Number(item) * 10,
          transactions: 10,
          maxOperations: 15,
        });
        process.stderr.write(
          `  ${report.done} writes, undone with ${report.undoWrites} (step by step: ${report.lifoWrites})\n`,
        );
        return tallyOf(report.differences);
      } finally {
        await gateway.close();
      }
    }),
  },
  {
    name: 'undo-crash',
    summary: 'killed at every boundary between journal and API, alone and paired with a kill of the recovery',
    items: ['undo', 'commit', 'pairs'],
    open: onCluster('simulated', async (instance, item) => {
      const { openGateway } = await import('../cluster/gateway-harness.ts');
      const { runCrash } = await import('../cluster/undo-crash.ts');
      const gateway = await openGateway(instance, 'soak');
      const failures: string[] = [];
      let passed = 0;
      const attempt = async (mode: 'undo' | 'commit', first: number, second: number) => {
        const { problems } = await runCrash(gateway, { mode, first, second, withKubectl: false });
        if (problems.length === 0) passed += 1;
        failures.push(...problems.map((problem) => `${mode}, killed at ${first} and ${second}: ${problem}`));
      };
      try {
        const whole = await runCrash(gateway, {
          mode: item === 'commit' ? 'commit' : 'undo',
          first: 0,
          second: 0,
          withKubectl: false,
        });
        const boundaries = whole.passed.length;
        for (let first = 1; first <= boundaries; first++) {
          if (item !== 'pairs') await attempt(item as 'undo' | 'commit', first, 0);
          else for (let second = 1; second <= boundaries; second++) await attempt('undo', first, second);
        }
        return { passed, failed: failures.length, failures };
      } finally {
        await gateway.close();
      }
    }),
  },
  {
    name: 'lint-agreement',
    summary: 'every command of the lint corpora against the gateway in read and in journal mode',
    items: ['read', 'journal'],
    open: onCluster('simulated', async (instance, item) => {
      const { Agreement, allAttempts, stateDifference } = await import('../cluster/lint-agreement.ts');
      const agreement = await Agreement.open(instance);
      try {
        const before = await agreement.state();
        const attempts = allAttempts();
        const { problems, stopped, writes } = await (item === 'read'
          ? agreement.read(attempts)
          : agreement.journal(attempts));
        process.stderr.write(`  ${attempts.length} attempts, ${stopped} stopped, ${writes} writes\n`);
        return tallyOf([...problems, ...stateDifference(before, await agreement.state())]);
      } finally {
        await agreement.close();
      }
    }),
  },
  {
    name: 'lock-race',
    summary: 'two command lines and an editor race for one namespace, 200 rounds fenced and 200 client-side',
    items: [...count(20).map((seed) => `fenced ${seed}`), ...count(20).map((seed) => `client-side ${seed}`)],
    open: onCluster('simulated', async (instance, item) => {
      const { openGateway } = await import('../cluster/gateway-harness.ts');
      const { stratus } = await import('../cluster/fence-harness.ts');
      const { raceForLock } = await import('../cluster/lock-race.ts');
      const gateway = await openGateway(instance, 'soak');
      const [level, seed] = item.split(' ') as ['fenced' | 'client-side', string];
      try {
        const report = await raceForLock(gateway, { level, seed: Number(seed), rounds: 10 });
        const { stale, wrongUser } = report;
        const failures = wrongUser > 0 ? [`${item}: ${wrongUser} writes with another identity`] : [];
        // Without the fence it is a measurement.
        if (level === 'fenced' && stale > 0) failures.push(`${item}: ${stale} writes of a stale holder`);
        const figures = Object.fromEntries(Object.entries(report).map(([name, value]) => [`${level} ${name}`, value]));
        return { ...tallyOf(failures), figures };
      } finally {
        await stratus(gateway, ['lock', 'uninstall-fence', '--yes']);
        await gateway.close();
      }
    }),
  },
  {
    name: 'kubectl-parse',
    summary: "20,000 random argvs, parsed as kubectl's own command tree does",
    items: count(20),
    open: async () => {
      const { compareWithKubectl } = await import('../testbed/kubectl-harness/differential.ts');
      return {
        run: async (item) => {
          const differences = compareWithKubectl(1000, Number(item));
          return tallyOf(differences.map((difference) => JSON.stringify(difference).slice(0, 300)));
        },
        close: async () => undefined,
      };
    },
  },
  {
    name: 'kubectl-minors',
    summary: 'the grammar of each kubectl release against a kubectl of that release, built from its Go module',
    items: ['1.29', '1.30', '1.31', '1.32', '1.33', '1.35', '1.36'],
    open: async () => {
      const { readGrammar } = await import('../../scripts/generate-kubectl-grammar.ts');
      const { expandGrammar, grammarFor } = await import('../../src/kubectl/grammar.ts');
      const { compareWithKubectl } = await import('../testbed/kubectl-harness/differential.ts');
      const { buildMinor } = await import('../testbed/kubectl-harness/minors.ts');
      const { treeDifferences } = await import('../testbed/kubectl-harness/tree-differences.ts');
      const { ensureGo } = await import('../testbed/go-toolchain.ts');
      const go = await ensureGo(new StreamReport());
      return {
        run: async (item) => {
          const { kubectl, harness } = buildMinor(item, go);
          const grammar = grammarFor(item);
          if (!grammar) return tallyOf([`no grammar of kubectl ${item} is stored`]);
          const fresh = expandGrammar(await readGrammar(kubectl));
          const regenerated = isDeepStrictEqual(fresh.root, grammar.root) ? [] : ['the generator makes something else'];
          const parsed = compareWithKubectl(1000, Number(item.slice(2)), { grammar, binary: harness });
          return tallyOf([
            ...regenerated,
            ...treeDifferences(grammar, harness),
            ...parsed.map((difference) => JSON.stringify(difference).slice(0, 300)),
          ]);
        },
        close: async () => undefined,
      };
    },
  },
];
