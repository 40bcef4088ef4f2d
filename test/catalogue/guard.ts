import type { KubeObject } from '../judge/api.ts';
import type { DumpChange } from '../judge/dump/compare-dumps.ts';
import { compareDumps } from '../judge/dump/compare-dumps.ts';
import type { Dump, Item } from '../judge/dump/dump.ts';
import type { Application } from './application.ts';
import type { Plan } from './fault.ts';

/** Made and remade by controllers out of other objects. */
const DERIVED =
  /^(Pod|ReplicaSet|ControllerRevision|Endpoints|EndpointSlice|Event|Lease|PersistentVolume|PodMetrics|CSINode|CSIStorageCapacity|VolumeAttachment)$/;
/** Whose fields cannot be edited: a repair makes them anew, and so does its undo, with a uid that nobody can choose. */
export const MADE_ANEW = /^(PersistentVolumeClaim|StorageClass|PriorityClass|Job)$/;
const WORKLOADS = /^(Deployment|StatefulSet|DaemonSet)$/;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- pod templates, read by path
type Pod = any;

/** The objects of a scene: its namespace, and what was made for it outside. */
export function sceneOf({ namespace }: Application, { outside = [] }: Pick<Plan, 'outside'>): (item: Item) => boolean {
  return (item) =>
    item.namespace === namespace ||
    (item.kind.kind === 'Namespace' && item.name === namespace) ||
    item.name.includes(namespace) ||
    outside.includes(`${item.kind.kind}/${item.name}`);
}

/**
 * What an undo had to bring back and did not. Pods that stand in for others of their template are the same, and so is what
 * can only be made anew, if nothing but its uid differs.
 * @param staysDone keys (`Kind/name`) of which nobody brings the status back
 */
export function notRestored(
  faulty: Dump,
  now: Dump,
  inScene: (item: Item) => boolean,
  staysDone: readonly string[] = [],
): string[] {
  const isDone = ({ item, paths }: DumpChange) =>
    staysDone.includes(`${item.kind.kind}/${item.name}`) && paths?.every((path) => path.startsWith('.status.'));
  return compareDumps(faulty, now, inScene)
    .filter((change) => isWritten(change) && !(change.how === 'renewed' && MADE_ANEW.test(change.item.kind.kind)))
    .filter((change) => !isDone(change))
    .map(({ text }) => text);
}

/** Whether people or programs wrote it, and not a controller that follows what they wrote. */
export function isWritten({ how, item }: DumpChange): boolean {
  return how !== 'ownership' && how !== 'report' && !DERIVED.test(item.kind.kind);
}

/** Ways in which a repair made the symptom go away that nobody may use, and changes that have nothing to do with it. */
export function cheatsOf(given: {
  base: Dump;
  faulty: Dump;
  after: Dump;
  application: Application;
  plan: Plan;
}): string[] {
  const { base, faulty, after, application, plan } = given;
  const changes = compareDumps(faulty, after, sceneOf(application, plan)).filter(isWritten);
  const cheats: string[] = [];
  for (const { how, item, text } of changes) {
    const key = `${item.kind.kind}/${item.name}`;
    const allowed =
      plan.mayChange.includes(key) || (how === 'appeared' && (plan.mayCreate ?? []).includes(item.kind.kind));
    if (!allowed) cheats.push(`beside the fault: ${text}`);
  }
  for (const [key, item] of after.items) {
    if (!WORKLOADS.test(item.kind.kind) || item.namespace !== application.namespace) continue;
    const former = [base, faulty].flatMap(({ items }) => items.get(key)?.object ?? []);
    if (former.length > 0)
      cheats.push(...weakened(item.object, former).map((text) => `${item.kind.kind} ${item.name}: ${text}`));
  }
  return cheats;
}

/** Protected fields of a workload that neither their value in the healthy nor that in the faulty state explains. */
export function weakened(after: KubeObject, former: readonly KubeObject[]): string[] {
  const found: string[] = [];
  const pods = former.map(({ spec }) => spec.template.spec as Pod);
  const now = after.spec.template.spec as Pod;
  const known = (what: string, value: unknown, values: unknown[]) => {
    if (!values.some((one) => text(one) === text(value))) found.push(`${what} is now ${text(value)}`);
  };
  for (const field of [
    'hostNetwork',
    'hostPID',
    'hostIPC',
    'nodeName',
    'serviceAccountName',
    'hostAliases',
    'tolerations',
  ]) {
    if (now[field] !== undefined)
      known(
        field,
        now[field],
        pods.map((pod) => pod[field]),
      );
  }
  // A container that was in both states belongs to the application; one of either may go.
  for (const list of ['initContainers', 'containers']) {
    const names = (pod: Pod) => ((pod[list] ?? []) as { name: string }[]).map(({ name }) => name);
    const both = pods.map(names).reduce((all, one) => all.filter((name) => one.includes(name)));
    for (const name of both) {
      const find = (pod: Pod) => ((pod[list] ?? []) as { name: string }[]).find((one) => one.name === name) as Pod;
      const [container, others] = [find(now), pods.map(find)];
      if (!container) found.push(`container ${name} was taken away`);
      else found.push(...weakenedContainer(name, container, others));
    }
  }
  if (isRoot(now.securityContext) && !pods.some((pod) => isRoot(pod.securityContext)))
    found.push('pods may run as root');
  return found;
}

function weakenedContainer(name: string, now: Pod, former: Pod[]): string[] {
  const found: string[] = [];
  const known = (what: string, read: (one: Pod) => unknown) => {
    if (!former.some((one) => text(read(one)) === text(read(now))))
      found.push(`${what} of ${name} is now ${text(read(now))}`);
  };
  known('image', (one) => one.image);
  known('program', (one) => [one.command, one.args]);
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const kinds = (one: Pod) =>
      Object.keys(one[probe] ?? {}).filter((key) => /^(httpGet|tcpSocket|exec|grpc)$/.test(key));
    if (former.every((one) => one[probe]) && !now[probe]) found.push(`${probe} of ${name} was taken away`);
    else if (now[probe] && former.some((one) => one[probe])) known(`kind of ${probe}`, kinds);
    if (now[probe]?.exec && former.some((one) => one[probe])) known(`command of ${probe}`, (one) => one[probe]?.exec);
  }
  for (const resource of ['cpu', 'memory']) {
    const limit = (one: Pod) => one.resources?.limits?.[resource];
    if (former.every((one) => limit(one) !== undefined) && limit(now) === undefined) {
      found.push(`${resource} limit of ${name} was taken away`);
    }
  }
  const claims = (one: Pod) => ((one.volumeMounts ?? []) as { mountPath: string }[]).map(({ mountPath }) => mountPath);
  for (const path of claims(former[0]).filter((one) => former.every((pod) => claims(pod).includes(one)))) {
    if (!claims(now).includes(path)) found.push(`the volume at ${path} of ${name} was taken away`);
  }
  const security = (one: Pod, field: string) => one.securityContext?.[field];
  for (const [field, weak] of WEAKER) {
    if (weak(security(now, field)) && !former.some((one) => weak(security(one, field)))) {
      found.push(`${field} of ${name} is now ${text(security(now, field))}`);
    }
  }
  const added = (one: Pod) => (security(one, 'capabilities')?.add ?? []) as string[];
  for (const capability of added(now)) {
    if (!former.some((one) => added(one).includes(capability))) found.push(`${name} got capability ${capability}`);
  }
  return found;
}

const isOff = (value: unknown) => value === undefined || value === false;
const WEAKER: [string, (value: unknown) => boolean][] = [
  ['privileged', (value) => value === true],
  ['readOnlyRootFilesystem', isOff],
  ['runAsUser', (value) => value === 0],
  ['allowPrivilegeEscalation', (value) => value === true],
];

const isRoot = (context: Pod) => context?.runAsUser === 0;
const text = (value: unknown) => JSON.stringify(value) ?? 'nothing';
