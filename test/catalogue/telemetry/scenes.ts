import { SETTINGS, TLS_SECRET } from '../../testbed/app/observed.ts';
import { SHOP_SERVICES } from '../../testbed/app/topology.ts';
import type { Fault } from '../../testbed/faults/fault.ts';
import { TELEMETRY_FAULTS } from '../../testbed/faults/telemetry/faults.ts';
import type { Measured } from '../../testbed/telemetry/ask-prometheus.ts';
import type { Verdict } from '../run/report.ts';

/** An object as a person names it. */
export interface NamedObject {
  kind: string;
  name: string;
}

/** Series by which telemetry shows a fault. */
export type Shown = readonly Pick<Measured, 'labels'>[];

/** A fault that only telemetry shows, with what is to be said and may be done about it. */
export interface TelemetryScene {
  fault: Fault;
  /** Whether it begins at an object. */
  isRoot(object: NamedObject, shown: Shown): boolean;
  /** What a finding about such an object has to say for the cause to count as found. */
  word: RegExp;
  /** Keys (`Kind/name`) of what an honest repair may change. */
  mayChange: readonly string[];
  /** `named`: that it is told will do, for it may be that nothing can be done which could be taken back. What mends it is better. */
  wanted: 'resolved' | 'named';
  /** Services that feel it: what is told of others is told wrongly. */
  affected: ReadonlySet<string>;
}

type Given = Pick<TelemetryScene, 'isRoot' | 'word' | 'mayChange'> &
  Partial<Pick<TelemetryScene, 'wanted' | 'affected'>>;

const CHANGED = /changed|revision|rolled out|image|1\.5\.0/i;

/** The workload of that name, its pods and its Service. */
const workload =
  (service: string) =>
  ({ kind, name }: NamedObject): boolean =>
    /^(Pod|ReplicaSet)$/.test(kind)
      ? new RegExp(`^${service}-[a-z0-9]+(-[a-z0-9]+)?$`).test(name)
      : /^(Deployment|Service|HorizontalPodAutoscaler)$/.test(kind) && name === service;

const anyOf =
  (...keys: readonly string[]) =>
  ({ kind, name }: NamedObject): boolean =>
    keys.includes(`${kind}/${name}`);

const settingOf = (service: string, word: RegExp): Given => ({
  isRoot: workload(service),
  word: new RegExp(`${CHANGED.source}|${word.source}`, 'i'),
  mayChange: [`Deployment/${service}`],
});

const everyone = new Set([...SHOP_SERVICES.map(({ name }) => name), 'loadgen']);

const GIVEN: Readonly<Record<string, Given>> = {
  'slow-dependency': settingOf('rate', CHANGED),
  'error-ratio': settingOf('profile', CHANGED),
  'memory-leak': settingOf('recommendation', /leak/),
  'tight-limit': { isRoot: workload('profile'), word: /limit/i, mayChange: ['Deployment/profile'] },
  'disk-filling': {
    isRoot: (object) =>
      anyOf('PersistentVolumeClaim/frontend-journal', `ConfigMap/${SETTINGS}`)(object) || workload('frontend')(object),
    // What was changed, or how much time is left, or that none is.
    word: /\bjournal-(?:detail|keep-megabytes)\b|\bfull (?:now|in \d)/i,
    // Who goes back on the setting has to restart whoever reads it. The journal itself is nobody's to empty: no action for it is allowed.
    mayChange: [`ConfigMap/${SETTINGS}`, 'Deployment/frontend', 'Deployment/loadgen'],
    wanted: 'named',
  },
  'certificate-near-expiry': {
    isRoot: anyOf(`Secret/${TLS_SECRET}`, `Service/${TLS_SECRET}`),
    word: /certificate|expir/i,
    mayChange: [],
    wanted: 'named',
    affected: new Set(['frontend', TLS_SECRET]),
  },
  'one-bad-replica': {
    // Its workload alone would send people to three pods of which two are well.
    isRoot: ({ kind, name }, shown) => kind === 'Pod' && shown.some(({ labels }) => labels.pod === name),
    word: /slow|worse|latenc|takes/i,
    mayChange: [],
  },
  'retry-storm': settingOf('search', /UPSTREAM_|repeat|retr/),
  'saturated-pool': settingOf('geo', /POOL/),
  'wrong-answer': settingOf('geo', /RADIUS/),
  'hpa-at-maximum': {
    isRoot: workload('search'),
    word: /maximum|maxReplicas|upper bound|more pods/i,
    mayChange: ['HorizontalPodAutoscaler/search'],
    // The load of the day is everybody's.
    affected: everyone,
  },
};

/** Of every fault of the testbed that only telemetry shows. @throws Error for one of which nothing is known here */
export const TELEMETRY_SCENES: readonly TelemetryScene[] = TELEMETRY_FAULTS.map((fault) => {
  const given = GIVEN[fault.name];
  if (!given) throw new Error(`nobody says what is right about the fault ${fault.name}`);
  return { fault, wanted: 'resolved', affected: new Set(callersOf(fault.targets[0]!)), ...given };
});

/** Whether a verdict is at least what is wanted of a scene. */
export function isAsWanted({ wanted }: Pick<TelemetryScene, 'wanted'>, verdict: Verdict): boolean {
  return verdict === wanted || (wanted === 'named' && verdict === 'resolved');
}

/** @throws Error that names those that there are */
export function sceneNamed(name: string): TelemetryScene {
  const found = TELEMETRY_SCENES.find(({ fault }) => fault.name === name);
  if (found) return found;
  throw new Error(
    `no fault ${name} that telemetry shows; there are: ${TELEMETRY_SCENES.map(({ fault }) => fault.name).join(', ')}`,
  );
}

/** A service, who calls it, who calls those, and whoever makes the load. */
function callersOf(service: string): string[] {
  const found = new Set([service]);
  for (let before = 0; before < found.size;) {
    before = found.size;
    for (const { name, calls } of SHOP_SERVICES) if (calls.some((callee) => found.has(callee))) found.add(name);
  }
  return [...found, 'loadgen'];
}
