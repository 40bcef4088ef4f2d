import { parseArgs } from 'node:util';
import { downCluster, upCluster } from '../test/testbed/instance.ts';
import { deployShop } from '../test/testbed/app/deploy.ts';
import { StreamReport } from '../test/testbed/report.ts';
import { runBrowserFlows } from '../test/e2e/flows.ts';
import { runHostSuite } from '../test/host/launch-web.ts';
import { runCommandJudge } from '../test/judge/commands/command-judge.ts';
import { runJudge } from '../test/judge/judge.ts';
import { entryNamed } from '../test/catalogue/catalogue.ts';
import { judgeSample } from '../test/catalogue/run/judge-incidents.ts';
import { judgeWrongPlans } from '../test/catalogue/wrong-plans/judge-wrong-plans.ts';
import { runChecks } from './check.ts';
import type { Tally } from './vitest-run.ts';
import { runVitest } from './vitest-run.ts';

/**
 * `npm test`: every kind of test, cheapest first, against one cluster of its own that is stopped at the end whatever
 * happens. The last line is `N passed, N failed` (`, N skipped`).
 */
const STAGES = ['check', 'unit', 'cluster', 'judge', 'host', 'browser'] as const;
type Stage = (typeof STAGES)[number];
/** Incidents of the catalogue that are tried each time; all of them: `npm run soak -- incidents`. */
const SAMPLE = ['target-port-1', 'node-that-is-not'];

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } });
const unknown = values.only?.find((name) => !STAGES.includes(name as Stage));
if (unknown) {
  process.stderr.write(`npm test: unknown stage '${unknown}'; --only takes: ${STAGES.join(', ')}\n`);
  process.exit(64);
}
const wanted = (stage: Stage) => !values.only || values.only.includes(stage);

const report = new StreamReport();
const say = (text: string) => process.stderr.write(`${text}\n`);
const total: Tally = { passed: 0, failed: 0, skipped: 0, failures: [] };

async function stage(title: Stage, work: () => Promise<Tally>): Promise<void> {
  if (!wanted(title)) return;
  const started = performance.now();
  say(`\n== ${title}`);
  const tally = await work().catch((error: unknown): Tally => ({
    passed: 0,
    failed: 1,
    skipped: 0,
    failures: [`${title}: ${error instanceof Error ? error.message : String(error)}`],
  }));
  total.passed += tally.passed;
  total.failed += tally.failed;
  total.skipped += tally.skipped;
  total.failures.push(...tally.failures);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  say(`== ${title}: ${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped in ${seconds} s`);
}

async function main(): Promise<void> {
  await stage('check', async () => {
    const failed = runChecks(say);
    return {
      passed: 4 - failed.length,
      failed: failed.length,
      skipped: 0,
      failures: failed.map((text) => `check: ${text}`),
    };
  });
  await stage('unit', () => runVitest('unit', {}));
  if (!(['cluster', 'judge', 'host', 'browser'] as Stage[]).some(wanted)) return;

  const names = [`test-${process.pid}`, `test-sim-${process.pid}`, `test-sim2-${process.pid}`] as const;
  const stop = async () => {
    for (const name of names) await downCluster(name, report);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => void stop().finally(() => process.exit(130)));
  }
  try {
    say('\n== starting the test clusters');
    const instance = await upCluster({ name: names[0] }, report);
    if (wanted('cluster')) {
      // Two, so that test files can be run side by side: they wait more than they work.
      const simulated = names.slice(1);
      for (const name of simulated) await upCluster({ name, nodes: 'simulated' }, report);
      const env = { STRATUS_TEST_INSTANCE: instance.name, STRATUS_TEST_SIMULATED: simulated.join() };
      await stage('cluster', () => runVitest('cluster', env));
      for (const name of simulated) await downCluster(name, report);
    }
    if (instance.nodes === 'real') {
      await stage('judge', () => runJudge({ instance, seeds: [1, 2], kill: [2] }));
      await stage('judge', () => runCommandJudge(instance, [3, 4]));
      await stage('judge', () => judgeSample(instance, SAMPLE.map(entryNamed), 1));
      await stage('judge', () => judgeWrongPlans(instance, [2, 6], 2));
    }
    await deployShop(instance, report);
    await stage('host', () => runHostSuite({ instance }));
    await stage('browser', () => runBrowserFlows({ instance }));
  } catch (error) {
    total.failed += 1;
    total.failures.push(`test clusters: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await stop();
  }
}

await main();
for (const failure of total.failures) say(`FAILED ${failure}`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
