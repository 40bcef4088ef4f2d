import { setTimeout as sleep } from 'node:timers/promises';
import { deployShop } from '../testbed/app/deploy.ts';
import { TELEMETRY_FAULTS } from '../testbed/faults/telemetry/faults.ts';
import { hasAnswer } from '../testbed/faults/telemetry/measured.ts';
import { downCluster, upCluster, type Instance } from '../testbed/instance.ts';
import { SHOP_NAMESPACE } from '../testbed/app/topology.ts';
import { StreamReport, type Report } from '../testbed/report.ts';
import { measure } from '../testbed/telemetry/ask-prometheus.ts';
import { seedHistory } from '../testbed/telemetry/history.ts';
import { EXPECTED, IncidentRounds } from '../cluster/telemetry/incident-round.ts';
import { type SoakSuite, tallyOf } from './soak-suite.ts';

/** Rates over half a minute, and rollouts, have to pass. */
const QUIET_TIMEOUT_MS = 240_000;

const HISTORY = 'history';
const HISTORY_HOURS = 3;

/** Each fault that only telemetry shows: silent before, found, mended, taken back, silent again. Builds the servers of telemetry. */
export const TELEMETRY_SUITE: SoakSuite = {
  name: 'telemetry',
  summary:
    'every fault that only telemetry shows, on real servers: not seen before, found, mended and taken back, and gone when healed',
  items: [HISTORY, ...TELEMETRY_FAULTS.map(({ name }) => name)],
  async open() {
    const report = new StreamReport();
    const name = `soak-${process.pid}`;
    const instance = await upCluster({ name, nodes: 'real', telemetry: 'all' }, report);
    await deployShop(instance, report);
    const rounds = new IncidentRounds(instance);
    return {
      run: async (item) =>
        tallyOf(await (item === HISTORY ? tryHistory(instance, report) : tryFault(instance, rounds, item))),
      close: async () => {
        rounds.close();
        await downCluster(name, report);
      },
    };
  },
};

/** A seeded past has no holes, and says of the shop about what it says now. */
async function tryHistory(instance: Instance, report: Report): Promise<string[]> {
  await seedHistory(instance, HISTORY_HOURS, report);
  const url = instance.telemetry!.prometheus;
  const rate = 'sum(rate(http_requests_total{service="frontend"}[1m]))';
  const [now] = await measure(url, rate);
  const [past] = await measure(url, `avg_over_time((${rate})[${HISTORY_HOURS * 60 - 10}m:1m] offset 8m)`);
  const [slow] = await measure(
    url,
    `max_over_time((histogram_quantile(0.95, sum by (le) (rate(
      http_request_duration_seconds_bucket{service="frontend", route="/hotels"}[1m]))))[${HISTORY_HOURS * 60 - 10}m:1m] offset 8m)`,
  );
  const [points] = await measure(url, `count_over_time((${rate})[${HISTORY_HOURS * 60 - 10}m:1m] offset 8m)`);
  const figures = `now ${now?.value}, past ${past?.value}, slowest ${slow?.value} s, ${points?.value} points`;
  process.stderr.write(`  ${figures}\n`);
  const alike = now && past && Math.abs(past.value / now.value - 1) < 0.4;
  const whole = points && points.value >= HISTORY_HOURS * 60 - 15;
  return alike && whole && slow && slow.value < 0.5 ? [] : [`the past is not like the present: ${figures}`];
}

async function tryFault(instance: Instance, rounds: IncidentRounds, name: string): Promise<string[]> {
  const fault = TELEMETRY_FAULTS.find((candidate) => candidate.name === name)!;
  const query = fault.shows!({ namespace: SHOP_NAMESPACE, target: fault.targets[0]! });
  if (await hasAnswer(instance, query)) return [`${name} shows before it is injected`];
  const started = performance.now();
  const problems = await rounds.problems(name, EXPECTED[name]!);
  const deadline = performance.now() + QUIET_TIMEOUT_MS;
  while (await hasAnswer(instance, query)) {
    if (performance.now() > deadline) return [...problems, `${name} still shows after it was healed`];
    await sleep(1000);
  }
  process.stderr.write(`  ${name} took ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
  return problems;
}
