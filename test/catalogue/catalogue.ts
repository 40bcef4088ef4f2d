import { createRandom } from '../judge/random.ts';
import { drawApplication, type Application } from './application.ts';
import type { Fault, Plan } from './fault.ts';
import { ADDRESS_FAULTS } from './faults/addresses.ts';
import { ADMISSION_FAULTS } from './faults/admission.ts';
import { BATCH_FAULTS } from './faults/batch.ts';
import { CALM_SCENES } from './faults/calm.ts';
import { CONTAINER_FAULTS } from './faults/container.ts';
import { CREDENTIAL_FAULTS, UNFIXABLE_CREDENTIAL_FAULTS } from './faults/credentials.ts';
import { DNS_FAULTS } from './faults/dns.ts';
import { FILE_FAULTS } from './faults/files.ts';
import { NAMESPACE_FAULTS } from './faults/namespaces.ts';
import { NETWORK_FAULTS } from './faults/network.ts';
import { PAIRS } from './faults/pairs.ts';
import { REFERENCE_FAULTS } from './faults/references.ts';
import { RIGHTS_FAULTS } from './faults/rights.ts';
import { SCALE_FAULTS } from './faults/scale.ts';
import { SCHEDULING_FAULTS } from './faults/scheduling.ts';
import { STORAGE_FAULTS } from './faults/storage.ts';
import { STORE_FAULTS } from './faults/stores.ts';
import { UNFIXABLE_FAULTS } from './faults/unfixable.ts';

export const SINGLE_FAULTS: readonly Fault[] = [
  ...ADMISSION_FAULTS,
  ...NAMESPACE_FAULTS,
  ...BATCH_FAULTS,
  ...CONTAINER_FAULTS,
  ...CREDENTIAL_FAULTS,
  ...FILE_FAULTS,
  ...DNS_FAULTS,
  ...NETWORK_FAULTS,
  ...ADDRESS_FAULTS,
  ...REFERENCE_FAULTS,
  ...SCALE_FAULTS,
  ...SCHEDULING_FAULTS,
  ...STORAGE_FAULTS,
  ...STORE_FAULTS,
];

/** What the benchmark expects of the product for an entry. */
export type Kind = 'single' | 'pair' | 'unfixable' | 'calm';

export interface Entry {
  /** `family:fault`, so that no name of the product's is one of the catalogue's by chance. */
  name: string;
  kind: Kind;
  family: string;
  summary: string;
  needs: 'real' | 'any';
  scope: 'namespace' | 'cluster';
  faults: readonly Fault[];
}

export const ENTRIES: readonly Entry[] = [
  ...SINGLE_FAULTS.map((fault) => entryOf(fault, 'single')),
  ...PAIRS.map(([one, two]): Entry => {
    const faults = [one, two].map((name) => faultNamed(name));
    return {
      name: `pair:${one}+${two}`,
      kind: 'pair',
      family: 'pair',
      summary: faults.map(({ summary }) => summary).join('; and '),
      needs: faults.some(({ needs }) => needs === 'real') ? 'real' : 'any',
      scope: faults.some(({ scope }) => scope === 'cluster') ? 'cluster' : 'namespace',
      faults,
    };
  }),
  ...[...UNFIXABLE_FAULTS, ...RIGHTS_FAULTS, ...UNFIXABLE_CREDENTIAL_FAULTS].map((fault) =>
    entryOf(fault, 'unfixable'),
  ),
  ...CALM_SCENES.map((fault) => entryOf(fault, 'calm')),
];

/** An entry with everything drawn: an application of its own, and what goes wrong with it. */
export interface Incident {
  entry: Entry;
  seed: number;
  application: Application;
  plan: Plan;
}

/** @param mark ends the name of the namespace: twins are alike in everything else */
export function drawIncident(entry: Entry, seed: number, mark = ''): Incident {
  const random = createRandom(seed, `incident ${shortName(entry)}`);
  const namespace = `${random.pick(PLACES)}-${random.token(5)}${mark}`;
  const { application, targets } = drawApplication(
    random,
    namespace,
    entry.faults.map(({ wish }) => wish),
  );
  const manner = entry.faults.length > 1 ? { manner: 'edit' as const } : {};
  const plans = entry.faults.map((fault, index) =>
    fault.plan({ application, target: targets[index]!, random, ...manner }),
  );
  return { entry, seed, application, plan: plans.length === 1 ? plans[0]! : together(plans) };
}

/** @param name in full, or without its family */
export function entryNamed(name: string): Entry {
  const found = ENTRIES.find((entry) => entry.name === name || shortName(entry) === name);
  if (!found) throw new Error(`no entry ${name}; there are: ${ENTRIES.map((entry) => entry.name).join(', ')}`);
  return found;
}

const shortName = ({ name }: Entry): string => name.slice(name.indexOf(':') + 1);

const PLACES = ['bakery', 'harbour', 'library', 'museum', 'orchard', 'observatory', 'quarry', 'theatre', 'winery'];

function entryOf(fault: Fault, kind: Kind): Entry {
  const { name, family, summary, needs, scope } = fault;
  const group = kind === 'single' ? family : kind;
  return { name: `${group}:${name}`, kind, family: group, summary, needs, scope, faults: [fault] };
}

function faultNamed(name: string): Fault {
  const found = SINGLE_FAULTS.find((fault) => fault.name === name);
  if (!found) throw new Error(`a pair names the fault ${name}, which does not exist`);
  return found;
}

/** Two faults of one application; either cause counts as the first to be named. */
function together(plans: readonly Plan[]): Plan {
  const all = <T>(read: (plan: Plan) => readonly T[] | undefined) => plans.flatMap((plan) => read(plan) ?? []);
  return {
    what: plans.map(({ what }) => what).join('; '),
    async inject(cluster) {
      for (const plan of plans) await plan.inject(cluster);
    },
    async heal(cluster) {
      for (const plan of plans.toReversed()) await plan.heal(cluster);
    },
    async healthy(cluster) {
      for (const plan of plans) {
        const lack = await plan.healthy?.(cluster);
        if (lack) return lack;
      }
      return '';
    },
    causes: all(({ causes }) => causes),
    mayChange: all(({ mayChange }) => mayChange),
    mayCreate: all(({ mayCreate }) => mayCreate),
    staysDone: all(({ staysDone }) => staysDone),
    holdSeconds: Math.max(0, ...plans.map(({ holdSeconds = 0 }) => holdSeconds)),
    outside: all(({ outside }) => outside),
    async prepare(cluster) {
      for (const plan of plans) await plan.prepare?.(cluster);
    },
    async cleanUp(cluster) {
      for (const plan of plans) await plan.cleanUp?.(cluster);
    },
  };
}
