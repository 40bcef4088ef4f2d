import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { StreamReport } from '../testbed/report.ts';
import { CONSEQUENCE_SUITE } from './consequence-suite.ts';
import { INCIDENT_SUITE } from './incident-suite.ts';
import { MODEL_RUN_SUITE } from './model-run-suite.ts';
import type { SoakSuite } from './soak-suite.ts';
import { count, onCluster, tallyOf } from './soak-suite.ts';
import { TELEMETRY_SUITE } from './telemetry-suite.ts';
import { UNDO_SUITES } from './undo-suites.ts';
import { WRONG_PLAN_SUITE } from './wrong-plan-suite.ts';

export const SUITES: SoakSuite[] = [
  {
    name: 'judge',
    summary:
      'ten generated applications with a fault each, the same with a SIGKILL, and forty with random commands to undo',
    items: [...count(10), ...count(10).map((seed) => `${seed} killed`), ...count(40).map((seed) => `${seed} commands`)],
    open: onCluster('real', async (instance, item) => {
      const [seed, kind] = item.split(' ');
      if (kind === 'commands') {
        const { runCommandJudge } = await import('../judge/commands/command-judge.ts');
        return runCommandJudge(instance, [Number(seed)]);
      }
      const { runJudge } = await import('../judge/judge.ts');
      return runJudge({ instance, seeds: [Number(seed)], kill: kind === 'killed' ? [Number(seed)] : [] });
    }),
  },
  ...UNDO_SUITES,
  CONSEQUENCE_SUITE,
  INCIDENT_SUITE,
  WRONG_PLAN_SUITE,
  MODEL_RUN_SUITE,
  TELEMETRY_SUITE,
  {
    name: 'healthy',
    summary:
      'ten drawn applications in which nothing is wrong, at rest and after changes: no finding of severity warning',
    items: count(10),
    open: onCluster('simulated', async (instance, item) => {
      const { healthyComplaints } = await import('../catalogue/public/healthy-trial.ts');
      return tallyOf(await healthyComplaints(instance, Number(item)));
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
      const { openGateway } = await import('../cluster/gateway/gateway-harness.ts');
      const { stratus } = await import('../cluster/lock/fence-harness.ts');
      const { raceForLock } = await import('../cluster/lock/lock-race.ts');
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
      const { expandGrammar, grammarFor } = await import('../../src/kubectl/grammar/grammar.ts');
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
  {
    name: 'openapi-fields',
    summary: 'the stored fields of the built-in kinds against the OpenAPI documents of each Kubernetes release',
    items: ['all releases'],
    open: async () => {
      const { FIELDS_FIXTURE, generateFields } = await import('../../scripts/generate-openapi-fields.ts');
      const { ensureGo } = await import('../testbed/go-toolchain.ts');
      const go = await ensureGo(new StreamReport());
      return {
        run: async () => {
          const same = generateFields(go) === readFileSync(FIELDS_FIXTURE, 'utf8');
          return tallyOf(same ? [] : ['the generator makes something else']);
        },
        close: async () => undefined,
      };
    },
  },
];
