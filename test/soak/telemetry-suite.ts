import { setTimeout as sleep } from 'node:timers/promises';
import { CALM_ENTRIES } from '../catalogue/telemetry/calm.ts';
import { Desk } from '../catalogue/telemetry/desk.ts';
import { FIXES } from '../catalogue/telemetry/fixes.ts';
import { TelemetryRounds } from '../catalogue/telemetry/rounds.ts';
import { sceneNamed, TELEMETRY_SCENES } from '../catalogue/telemetry/scenes.ts';
import { EXPECTED, IncidentRounds } from '../cluster/telemetry/incident-round.ts';
import { DEFAULT_COMMAND } from '../judge/product.ts';
import { deployShop } from '../testbed/app/deploy.ts';
import { SHOP_NAMESPACE } from '../testbed/app/topology.ts';
import { hasAnswer } from '../testbed/faults/telemetry/measured.ts';
import { downCluster, upCluster, type Instance } from '../testbed/instance.ts';
import { StreamReport, type Report } from '../testbed/report.ts';
import { measure } from '../testbed/telemetry/ask-prometheus.ts';
import { seedHistory } from '../testbed/telemetry/history.ts';
import { count, type SoakSuite, type SoakTally, tallyOf } from './soak-suite.ts';

/** Rates over half a minute, and rollouts, have to pass. */
const QUIET_TIMEOUT_MS = 240_000;

const HISTORY = 'history';
const HISTORY_HOURS = 3;
/** As users have it. */
const INTERVAL_S = 15;
/** Of healthy load, in minutes: each is a row of its own. */
const LOAD_ROWS = 3;
const LOAD_MINUTES = 10;

/**
 * Each fault that only telemetry shows: silent before, found, mended, taken back, silent again; then the rows of the benchmark,
 * which `npm run bench -- telemetry --write-docs` makes a page of. Builds the servers of telemetry.
 */
export const TELEMETRY_SUITE: SoakSuite = {
  name: 'telemetry',
  summary:
    'every fault that only telemetry shows, on real servers: found, mended and taken back; good and bad plans; healthy load',
  items: [
    HISTORY,
    ...TELEMETRY_SCENES.map(({ fault }) => `round ${fault.name}`),
    ...TELEMETRY_SCENES.map(({ fault }) => `bench ${fault.name}`),
    ...count(FIXES).map((seed) => `good ${seed}`),
    ...count(FIXES).map((seed) => `bad ${seed}`),
    ...count(LOAD_ROWS).map((seed) => `load ${seed}`),
    ...CALM_ENTRIES.map(({ name }) => `scene ${name}`),
  ],
  async open() {
    const report = new StreamReport();
    const name = `soak-${process.pid}`;
    const instance = await upCluster({ name, nodes: 'real', telemetry: 'all' }, report);
    await deployShop(instance, report);
    const rounds = new IncidentRounds(instance);
    const desk = new Desk(instance, DEFAULT_COMMAND, INTERVAL_S);
    const bench = new TelemetryRounds(desk);
    // A soak that goes on after its first item has no past yet; signals of the product's own need one.
    let hasPast = false;
    return {
      async run(item) {
        const past = hasPast;
        hasPast = true;
        if (item === HISTORY) return tallyOf(await tryHistory(instance, report));
        if (!past) await seedHistory(instance, HISTORY_HOURS, report);
        const [kind, ...words] = item.split(' ');
        const which = words.join(' ');
        if (kind === 'round') return tallyOf(await tryFault(instance, rounds, which));
        return benchRow(bench, kind!, which);
      },
      close: async () => {
        rounds.close();
        desk.close();
        await downCluster(name, report);
      },
    };
  },
};

async function benchRow(bench: TelemetryRounds, kind: string, which: string): Promise<SoakTally> {
  if (kind === 'bench') {
    const { passed, verdict, opened, problems, reason } = await bench.fault(sceneNamed(which), 1);
    const missed = opened.about > 0 ? [] : [`no incident was opened for ${which}`];
    const wrong = passed ? [] : [`${which}: ${verdict}; ${problems[0] ?? reason}`];
    return { ...tallyOf([...missed, ...wrong]), figures: { 'false incidents': opened.early + opened.astray } };
  }
  if (kind === 'good' || kind === 'bad') {
    const { passed, fate, invalid, problems } = await bench.fix(kind, Number(which));
    return tallyOf(passed ? [] : [`${kind} plan ${which}: ${fate}; ${invalid || problems[0]}`]);
  }
  const { entry, incidents, invalid, minutes } = await (kind === 'load'
    ? bench.healthyLoad(Number(which), LOAD_MINUTES)
    : bench.calmScene(
        CALM_ENTRIES.find(({ name }) => name === which)!,
        1,
      ));
  const told = incidents.map((title) => `${entry}: false incident: ${title}`);
  return { ...tallyOf(invalid ? [invalid] : told), figures: { 'calm minutes': minutes } };
}

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
  const { fault } = sceneNamed(name);
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
