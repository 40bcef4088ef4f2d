import type { KubeObject } from '../../domain/kube-object.ts';
import { refLabel, refOf } from '../../domain/kube-object.ts';
import type { ClusterSnapshot } from '../../domain/snapshot.ts';
import { objectsOf } from '../../domain/snapshot.ts';
import { autoscalersOf } from '../../kube/scalers.ts';
import { lastApplied, podTemplate, servingContainers } from '../../kube/pod-template.ts';
import { isReady } from '../../kube/pods.ts';
import { ClusterView } from '../../kube/cluster-view.ts';
import { earlierRevisions, revisionsOf } from '../../kube/revisions.ts';

/**
 * What was deleted, scaled away or blinded between two snapshots: health that was reached this way is no health
 * (design, "no cheat"). Empty when everything that was there at the start still exists and still has to serve.
 */
export function inventoryCheats(start: ClusterSnapshot, now: ClusterSnapshot): string[] {
  const cheats: string[] = [];
  for (const [kind, rule] of Object.entries(RULES)) {
    if (start.objects[kind] === undefined) continue;
    if (now.objects[kind] === undefined) {
      cheats.push(`${kind} objects can no longer be read (${now.unreadable[kind] ?? 'not read'})`);
      continue;
    }
    const present = new Map(objectsOf(now, kind).map((object) => [refLabel(refOf(object)), object]));
    for (const before of objectsOf(start, kind)) {
      const label = refLabel(refOf(before));
      if (before.metadata.deletionTimestamp || !counts(before)) continue;
      const after = present.get(label);
      if (!after) cheats.push(`${label} was deleted`);
      else if (after.metadata.deletionTimestamp) cheats.push(`${label} is being deleted`);
      else cheats.push(...rule(before, after, { start, now }).map((text) => `${label} ${text}`));
    }
  }
  return cheats;
}

interface Snapshots {
  start: ClusterSnapshot;
  now: ClusterSnapshot;
}

type Rule = (before: KubeObject, after: KubeObject, snapshots: Snapshots) => string[];

const RULES: Record<string, Rule> = {
  Deployment: workload,
  StatefulSet: workload,
  DaemonSet: (before, after, snapshots) => [
    ...daemons(before, after, snapshots),
    ...heldBack(before, after),
    ...template(before, after, snapshots),
  ],
  CronJob: (before, after, snapshots) => [
    ...(after.spec?.suspend && !before.spec?.suspend ? ['was suspended'] : []),
    ...template(before, after, snapshots),
  ],
  Service: service,
  Ingress: ingress,
  PersistentVolumeClaim: claim,
  HorizontalPodAutoscaler: () => [],
  PodDisruptionBudget: () => [],
  NetworkPolicy: () => [],
  ResourceQuota: () => [],
  LimitRange: () => [],
};

/** Finished or owned things come and go by themselves. */
function counts(object: KubeObject): boolean {
  return !object.metadata.ownerReferences?.some((owner) => owner.controller);
}

function workload(before: KubeObject, after: KubeObject, snapshots: Snapshots): string[] {
  const [wanted, left] = [before.spec?.replicas ?? 1, after.spec?.replicas ?? 1] as [number, number];
  // An autoscaler may shrink what it scales, down to its own minimum.
  const floor = autoscalersOf(after, snapshots.now)[0]?.spec?.minReplicas as number | undefined;
  const scaled = left < wanted && !(floor !== undefined && left >= Math.max(floor, 1));
  return [
    ...(scaled ? [`was scaled from ${wanted} to ${left}`] : []),
    ...heldBack(before, after),
    ...template(before, after, snapshots),
  ];
}

/** A rollout that is stopped looks well with the pods that it has not replaced yet. */
function heldBack({ spec: before }: KubeObject, { spec: after }: KubeObject): string[] {
  const isByHand = (spec: KubeObject['spec']) => spec?.updateStrategy?.type === 'OnDelete';
  const partition = (spec: KubeObject['spec']) => Number(spec?.updateStrategy?.rollingUpdate?.partition ?? 0);
  return [
    ...(after?.paused && !before?.paused ? ['was paused'] : []),
    ...(isByHand(after) && !isByHand(before) ? ['no longer replaces its pods (OnDelete)'] : []),
    ...(partition(after) > partition(before) ? [`no longer replaces pods below ${partition(after)} (partition)`] : []),
  ];
}

function daemons(before: KubeObject, after: KubeObject, { now }: Snapshots): string[] {
  const [wanted, left] = [before, after].map((object) => (object.status?.desiredNumberScheduled ?? 0) as number) as [
    number,
    number,
  ];
  const nodes = now.objects.Node?.length;
  // Fewer nodes explain fewer daemons.
  return left < wanted && (left === 0 || nodes === undefined || left < Math.min(nodes, wanted))
    ? [`runs on ${left} nodes instead of ${wanted}`]
    : [];
}

/** Containers and readiness checks that are gone: what is not looked at is not healthy. */
function template(before: KubeObject, after: KubeObject, { start }: Snapshots): string[] {
  const containers = new Map(containersOf(after).map((container) => [container.name, container]));
  return containersOf(before).flatMap((container) => {
    const now = containers.get(container.name);
    if (!now)
      return isWayBack(before, container.name, containers, start) ? [] : [`lost its container ${container.name}`];
    if (!container.readinessProbe) return [];
    if (!now.readinessProbe) return [`lost the readiness probe of ${container.name}`];
    return isBlinded(before, container, now.readinessProbe, start)
      ? [`has a readiness probe of ${container.name} that no longer asks what it asked`]
      : [];
  });
}

const HANDLERS = ['httpGet', 'tcpSocket', 'grpc', 'exec'];
type Probe = Record<string, unknown> & { exec?: { command?: string[] } };

/** Always true, or of another kind than this container ever had: a way back is none of these. */
function isBlinded(
  workload: KubeObject,
  { name, readinessProbe: was }: Asked,
  now: Probe,
  start: ClusterSnapshot,
): boolean {
  const words = now.exec?.command;
  const isIdle = words !== undefined && /^(?:\S*\/)?(?:true|:|exit 0)$/.test(String(words.at(-1)).trim());
  if (isIdle) return JSON.stringify(words) !== JSON.stringify(was?.exec?.command);
  const kind = HANDLERS.find((handler) => now[handler] !== undefined);
  if (!kind || was?.[kind] !== undefined) return false;
  const formers = earlierRevisions(new ClusterView(start), workload).map(
    ({ template: former }) => former.spec as unknown,
  );
  const applied: unknown = lastApplied(workload)?.spec?.template?.spec;
  return ![...formers, applied].some((spec) =>
    servingContainers(spec).some((one) => one.name === name && one.spec?.readinessProbe?.[kind] !== undefined),
  );
}

/**
 * A container that came with the present revision, of which no pod was ready at the start, is taken away again, and all
 * that a revision before it had is there: a way back, as any rollback is. Known only where the revisions were read.
 */
function isWayBack(
  workload: KubeObject,
  lost: string,
  left: ReadonlyMap<string, unknown>,
  start: ClusterSnapshot,
): boolean {
  const view = new ClusterView(start);
  const current = revisionsOf(view, workload).find((revision) => revision.current);
  if (!current || current.readyPods > 0) return false;
  return earlierRevisions(view, workload).some(({ template: former }) => {
    const names = servingContainers(former.spec).map(({ name }) => name);
    return !names.includes(lost) && names.every((name) => left.has(name));
  });
}

interface Asked {
  name: string;
  readinessProbe?: Probe;
}

function containersOf(object: KubeObject): Asked[] {
  return servingContainers(podTemplate(object)?.spec).map(({ name, spec }) => ({
    name,
    readinessProbe: spec?.readinessProbe as Probe | undefined,
  }));
}

function service(before: KubeObject, after: KubeObject, snapshots: Snapshots): string[] {
  const selects = (object: KubeObject) => Object.keys(object.spec?.selector ?? {}).length > 0;
  const ports = new Set(portsOf(after));
  const lost = portsOf(before).filter((port) => !ports.has(port));
  return [
    ...(selects(before) && !selects(after) ? ['lost its selector'] : []),
    ...(before.spec?.type !== 'ExternalName' && after.spec?.type === 'ExternalName' ? ['became an ExternalName'] : []),
    ...lost.map((port) => `lost port ${port}`),
    // Peers that find each other by a headless Service need it; callers of any other get pods that cannot answer.
    ...(after.spec?.publishNotReadyAddresses &&
    !before.spec?.publishNotReadyAddresses &&
    after.spec.clusterIP !== 'None'
      ? ['leads to pods that are not ready (publishNotReadyAddresses)']
      : []),
    ...ledAway(before, after, snapshots),
  ];
}

/** To the pods of others, while its own are still ill: whoever asks gets an answer, of somebody else. */
function ledAway(before: KubeObject, after: KubeObject, { start, now }: Snapshots): string[] {
  const selector = JSON.stringify(after.spec?.selector ?? {});
  if (JSON.stringify(before.spec?.selector ?? {}) === selector) return [];
  if (JSON.stringify(lastApplied(before)?.spec?.selector) === selector) return [];
  const [were, are] = [new ClusterView(start), new ClusterView(now)];
  const labels = (workloads: KubeObject[]) => workloads.map((one) => refLabel(refOf(one)));
  const [own, others] = [were.workloadsBehind(before), are.workloadsBehind(after)];
  const left = own.filter((one) => !labels(others).includes(refLabel(refOf(one))));
  if (left.length === 0 || left.length < own.length) return [];
  const { name } = after.metadata;
  if (others.some(({ metadata }) => metadata.name.includes(name) || name.includes(metadata.name))) return [];
  const ill = left.filter((one) => {
    const live = are.find(one.kind, one.metadata.namespace, one.metadata.name);
    return live !== undefined && are.podsOf(live).every((pod) => !isReady(pod));
  });
  return ill.length > 0 ? [`leads away from ${labels(ill).join(', ')}, which is still not ready`] : [];
}

function portsOf(object: KubeObject): number[] {
  return ((object.spec?.ports ?? []) as { port: number }[]).map(({ port }) => port);
}

function ingress(before: KubeObject, after: KubeObject): string[] {
  const routes = new Set(routesOf(after));
  return routesOf(before)
    .filter((route) => !routes.has(route))
    .map((route) => `lost the route ${route}`);
}

function routesOf(object: KubeObject): string[] {
  const rules = (object.spec?.rules ?? []) as { host?: string; http?: { paths?: { path?: string }[] } }[];
  return rules.flatMap(({ host, http }) => (http?.paths ?? []).map(({ path }) => `${host ?? '*'}${path ?? '/'}`));
}

function claim(before: KubeObject, after: KubeObject): string[] {
  const replaced = before.status?.phase === 'Bound' && before.metadata.uid !== after.metadata.uid;
  return replaced ? ['was replaced, and its data with it'] : [];
}
