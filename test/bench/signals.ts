import { performance } from 'node:perf_hooks';
import type { KubeObject } from '../../src/domain/kube-object.ts';
import { DEFAULT_SIGNAL_SETTINGS } from '../../src/domain/signal-settings.ts';
import type { SignalLevel } from '../../src/domain/signals.ts';
import { ClusterView } from '../../src/kube/cluster-view.ts';
import { correlate } from '../../src/signals/correlation/correlate.ts';
import { Topology } from '../../src/signals/correlation/topology.ts';
import { localise } from '../../src/signals/graph/localise.ts';
import { graphOfSpans } from '../../src/signals/graph/span-graph.ts';
import { ServiceNames } from '../../src/signals/identity/service-names.ts';
import { readSignals, signalAsks } from '../../src/signals/read-signals.ts';
import { HEALTHY } from '../support/healthy-services.ts';
import type { Behaviour, MadeSeries } from '../support/made-series.ts';
import { madeSeries } from '../support/made-series.ts';
import type { Injected } from '../support/made-traces.ts';
import { madeTraces, serviceTree } from '../support/made-traces.ts';
import { answersTo, requestSeries, sceneAt, START } from '../support/signal-scene.ts';

const MINUTE = 60_000;
const SEEDS = Array.from({ length: 30 }, (_, index) => index + 1);

/** What signals find in made telemetry, and what they cost on this machine (best of five). */
export async function bench(): Promise<void> {
  console.log('healthy services, 40 min of 30 seeds each, looked at each minute: looks that found something');
  for (const [name, behaviour] of Object.entries(HEALTHY)) console.log(`  ${name}: ${healthyLooks(behaviour)}`);
  console.log('steps after 90 min: found of 30 seeds, seconds until an incident (median, worst)');
  for (const [name, behaviour] of STEPS) console.log(`  ${name}: ${delays(behaviour)}`);
  console.log('localisation in 300 made trees of 5 to 30 services, 120 traces now and usually');
  for (const [name, inject] of INJECTED) console.log(`  ${name}: ${localised(inject)}`);
  console.log('cost');
  for (const [name, work] of costs()) console.log(`  ${name}: ${Math.round(best(work))} ms`);
}

function levelsAt(made: MadeSeries, now: number): SignalLevel[] {
  const scene = sceneAt(now);
  return readSignals(answersTo(signalAsks(scene), requestSeries(made)), scene).signals.map(({ level }) => level);
}

function healthyLooks(behaviour: (seed: number) => Behaviour): string {
  let [incidents, early] = [0, 0];
  for (const seed of SEEDS) {
    const made = madeSeries(behaviour(seed), seed, 7_200, START);
    for (let minute = 80; minute < 120; minute++) {
      const levels = levelsAt(made, START + minute * MINUTE);
      if (levels.includes('incident')) incidents++;
      else if (levels.includes('early')) early++;
    }
  }
  return `${incidents} incidents, ${early} early signs of ${SEEDS.length * 40}`;
}

const after = (at: number, before: number, then: number) => (at >= 5_400 ? then : before);
const STEPS: [string, Behaviour][] = [
  ['latency doubled', { traffic: () => 10, latency: (at) => after(at, 40, 80) }],
  ['latency tripled, one request a second', { traffic: () => 1, latency: (at) => after(at, 40, 120) }],
  ['a fifth fails', { traffic: () => 5, latency: () => 40, errors: (at) => after(at, 0.005, 0.2) }],
  [
    'a third fails, one request in two seconds',
    { traffic: () => 0.5, latency: () => 40, errors: (at) => after(at, 0, 0.33) },
  ],
];

function delays(behaviour: Behaviour): string {
  const times = SEEDS.flatMap((seed) => {
    const made = madeSeries(behaviour, seed, 7_200, START);
    for (let second = 0; second <= 900; second += 15)
      if (levelsAt(made, START + 90 * MINUTE + second * 1_000).includes('incident')) return [second];
    return [];
  }).sort((a, b) => a - b);
  return `${times.length}, ${times[Math.floor(times.length / 2)]} and ${times.at(-1)}`;
}

const INJECTED: [string, ((service: number) => Injected) | null][] = [
  ['half of the requests fail', (service) => ({ service, errors: 0.5 })],
  ['all slower by 150 ms', (service) => ({ service, slow: { part: 1, ms: 150 } })],
  ['a third slower by 600 ms', (service) => ({ service, slow: { part: 0.33, ms: 600 } })],
  ['nothing is wrong', null],
];

function localised(inject: ((service: number) => Injected) | null): string {
  let [first, others, nobody] = [0, 0, 0];
  const names = ServiceNames.of(new ClusterView({ takenAt: '', namespaces: [], objects: {}, unreadable: {} }));
  for (let seed = 1; seed <= 300; seed++) {
    const services = 5 + (seed % 26);
    const tree = serviceTree(seed, services);
    const culprit = (seed * 7) % services;
    const injected = inject?.(culprit);
    const now = madeTraces(tree, seed + 1_000, 120, injected);
    const symptom = injected?.errors ? 'errors' : 'latency';
    const [suspect] = localise(now, madeTraces(tree, seed + 2_000, 120), names, { symptom }).suspects;
    if (!suspect) nobody++;
    else if (inject && suspect.node.name === tree.names[culprit]) first++;
    else others++;
  }
  return `${first} right, ${others} wrong, ${nobody} times nobody`;
}

function costs(): [string, () => void][] {
  const objects: Record<string, KubeObject[]> = { Deployment: [], Service: [] };
  for (let index = 0; index < 1_000; index++) {
    const name = `service-${index}`;
    const env = [{ name: 'NEXT', value: `http://service-${(index * 7) % 1_000}:80` }];
    const template = { metadata: { labels: { app: name } }, spec: { containers: [{ name, env }] } };
    const metadata = { name, namespace: 'shop' };
    objects.Deployment!.push({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { template } });
    objects.Service!.push({ apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: { app: name } } });
  }
  const snapshot = { takenAt: '', namespaces: ['shop'], objects, unreadable: {} };
  const spans = madeTraces(serviceTree(1, 1_000), 3, 30).slice(0, 10_000);
  const scene = sceneAt(START + 100 * MINUTE, { view: new ClusterView(snapshot) });
  const made = Array.from({ length: 20 }, (_, seed) =>
    madeSeries({ traffic: () => 5, latency: () => 40 }, seed, 7_200, START),
  );
  const series = objects.Deployment!.map((object, index) =>
    requestSeries(made[index % 20]!, { service_name: object.metadata.name, k8s_namespace_name: 'shop' }),
  );
  const all = Object.fromEntries(
    Object.keys(series[0]!).map((key) => [key, series.flatMap((one) => one[key as keyof typeof one])]),
  );
  const answers = answersTo(signalAsks(scene), all);
  const graph = graphOfSpans(spans, ServiceNames.of(scene.view));
  const members = Array.from({ length: 10_000 }, (_, index) => ({
    source: 'alert' as const,
    id: `a${index}`,
    objects: [{ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: `service-${index % 1_000}` }],
    labels: {},
    since: index * 1_000,
    message: 'slow',
  }));
  const settings = DEFAULT_SIGNAL_SETTINGS.correlation;
  return [
    [
      'call graph of 10,000 spans, 1,000 services',
      () => graphOfSpans(spans, ServiceNames.of(new ClusterView(snapshot))),
    ],
    ['localisation in as many', () => localise(spans, spans, ServiceNames.of(scene.view), { symptom: 'latency' })],
    ['signals of 1,000 services', () => readSignals(answers, scene)],
    [
      'correlation of 10,000 alerts over 1,000 services',
      () => correlate({ members, open: [], topology: new Topology(scene.view, graph), settings }),
    ],
  ];
}

function best(work: () => void): number {
  return Math.min(
    ...Array.from({ length: 5 }, () => {
      const start = performance.now();
      work();
      return performance.now() - start;
    }),
  );
}
