import { isDeepStrictEqual } from 'node:util';
import {
  deploymentsOf,
  isRolledOut,
  requestHotels,
  untilShopAnswers,
  untilShopFails,
  untilShopReady,
} from '../app/deploy.ts';
import { Kubectl, type KubeObject } from '../app/kubectl.ts';
import { SHOP_NAMESPACE } from '../app/topology.ts';
import type { Instance } from '../instance-record.ts';
import { TestbedError } from '../testbed-error.ts';
import type { Fault, FaultContext } from './fault.ts';
import {
  type FaultRecord,
  faultRecords,
  readFaultRecord,
  removeFaultRecord,
  writeFaultRecord,
} from './fault-record.ts';
import { restoreObjects } from './heal.ts';
import { imagePull } from './image-pull.ts';
import { missingKey } from './missing-key.ts';
import { nodeSelector } from './node-selector.ts';
import { scaleZero } from './scale-zero.ts';
import { storageClass } from './storage-class.ts';
import { targetPort } from './target-port.ts';
import { TELEMETRY_FAULTS } from './telemetry/faults.ts';
import { hasAnswer } from './telemetry/measured.ts';

const OBJECT_FAULTS: readonly Fault[] = [targetPort, scaleZero, nodeSelector, imagePull, missingKey, storageClass];
const FAULTS: readonly Fault[] = [...OBJECT_FAULTS, ...TELEMETRY_FAULTS];

export interface FaultSummary {
  name: string;
  summary: string;
  needs: Fault['needs'];
}

export interface InjectOptions {
  /** Name of the Service, Deployment or store to break; default: the fault's first target, or one drawn by the seed. */
  target?: string;
  /** Default: the shop's. */
  namespace?: string;
  /** Draws target and values; the same seed gives the same fault. */
  seed?: number;
}

/** @param telemetry also those that only telemetry shows */
export function listFaults(telemetry = false): FaultSummary[] {
  return (telemetry ? FAULTS : OBJECT_FAULTS).map(({ name, summary, needs }) => ({ name, summary, needs }));
}

/**
 * Breaks the shop (or another application) and returns when the fault shows: in the cluster, and for a part of the
 * shop that guests need, in a failing request. Throws a TestbedError when the fault is unknown, cannot show in
 * this instance, is injected already, or does not show in time.
 */
export async function injectFault(instance: Instance, name: string, options: InjectOptions = {}): Promise<void> {
  const fault = faultNamed(name);
  refuseWhereHidden(fault, instance);
  const random = seeded(options.seed);
  const pick = <T>(values: readonly T[]): T => values[random(values.length)] as T;
  const namespace = options.namespace ?? SHOP_NAMESPACE;
  const target = options.target ?? pick(fault.targets);
  const context: FaultContext = { kubectl: new Kubectl(instance), namespace, target, pick };
  const touched = fault.touches(target);
  await refuseOverlap(context, name, touched);
  const before = await readObjects(context, touched);
  writeFaultRecord(instance, { name, namespace, target, before });
  await fault.inject(context);
  await fault.untilVisible(context);
  if (guestsNotice(instance, fault, context)) await untilShopFails(instance);
}

/**
 * Sets everything that the injection touched back to its state before and returns when it works again. Throws a
 * TestbedError when the fault was not injected or the application does not recover in time.
 */
export async function healFault(instance: Instance, name: string): Promise<void> {
  const fault = faultNamed(name);
  const record = readFaultRecord(instance, name);
  if (!record) throw new TestbedError(`the fault ${name} is not injected in instance ${instance.name}`);
  const kubectl = new Kubectl(instance);
  await restoreObjects(kubectl, record);
  await fault.heal?.({
    kubectl,
    namespace: record.namespace,
    target: record.target,
    pick: ([first]) => first as never,
  });
  removeFaultRecord(instance, name);
  if (record.namespace !== SHOP_NAMESPACE || faultRecords(instance).length > 0) return;
  await untilShopReady(kubectl);
  if (instance.nodes === 'real' && fault.targets.includes(record.target)) await untilShopAnswers(instance);
}

function faultNamed(name: string): Fault {
  const fault = FAULTS.find((candidate) => candidate.name === name);
  if (!fault) throw new TestbedError(`unknown fault ${name}; known: ${FAULTS.map((known) => known.name).join(', ')}`);
  return fault;
}

function refuseWhereHidden({ name, needs }: Fault, { nodes, telemetry }: Instance): void {
  const start = 'start one with: npm run testbed -- up';
  if (needs === 'real' && nodes !== 'real') {
    throw new TestbedError(`the fault ${name} shows only on a real node; ${start} --nodes real`);
  }
  if ((needs === 'metrics' && !telemetry) || (needs === 'all' && telemetry?.kind !== 'all')) {
    throw new TestbedError(`the fault ${name} shows only where telemetry is; ${start} --telemetry`);
  }
}

/** Two injections into one object could not be healed independently. One that was fixed otherwise is forgotten. */
async function refuseOverlap({ kubectl, namespace }: FaultContext, name: string, touched: string[]): Promise<void> {
  for (const record of faultRecords(kubectl.instance)) {
    const keys = faultNamed(record.name).touches(record.target);
    const overlaps = record.namespace === namespace && keys.some((key) => touched.includes(key));
    if (record.name !== name && !overlaps) continue;
    if (!(await isFixed(kubectl, record))) {
      throw new TestbedError(
        `the fault ${record.name} is injected already; first: npm run testbed -- heal ${record.name}`,
      );
    }
    removeFaultRecord(kubectl.instance, record.name);
  }
}

/**
 * Whether somebody has repaired what an injection broke: its objects are as before, or guests are served again, or
 * telemetry shows it no more.
 */
async function isFixed(kubectl: Kubectl, { namespace, target, before, name }: FaultRecord): Promise<boolean> {
  const context = { kubectl, namespace, target, pick: ([first]: readonly unknown[]) => first as never };
  const fault = faultNamed(name);
  if (fault.shows) return !(await hasAnswer(kubectl.instance, fault.shows(context)));
  const now = await readObjects(context, fault.touches(target)).catch(() => []);
  if (now.length === before.length && now.every(({ spec }, index) => isDeepStrictEqual(spec, before[index]?.spec))) {
    return true;
  }
  if (namespace !== SHOP_NAMESPACE || kubectl.instance.nodes !== 'real') return false;
  const { items } = (await kubectl.get(deploymentsOf(namespace))) as KubeObject & { items: KubeObject[] };
  return items.every(isRolledOut) && (await requestHotels(kubectl.instance)).answered;
}

async function readObjects({ kubectl, namespace }: FaultContext, keys: string[]): Promise<KubeObject[]> {
  const objects: KubeObject[] = [];
  for (const key of keys) {
    objects.push(JSON.parse(await kubectl.run(['get', key, '--namespace', namespace, '-o', 'json'])) as KubeObject);
  }
  return objects;
}

/** Whether a guest's request must fail now: the target is one whose break reaches guests, and containers run. */
function guestsNotice(instance: Instance, fault: Fault, { namespace, target }: FaultContext): boolean {
  return !fault.shows && instance.nodes === 'real' && namespace === SHOP_NAMESPACE && fault.targets.includes(target);
}

/** Integer below a limit: always 0 without a seed, else drawn (mulberry32). */
function seeded(seed: number | undefined): (limit: number) => number {
  if (seed === undefined) return () => 0;
  let state = seed | 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}
