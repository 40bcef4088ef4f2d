import type { KubeObject } from '../../domain/kube-object.ts';
import { refLabel, refOf } from '../../domain/kube-object.ts';
import type { ClusterSnapshot } from '../../domain/snapshot.ts';
import { objectsOf } from '../../domain/snapshot.ts';
import { autoscalersOf } from '../../kube/scalers.ts';
import { servingContainers } from '../../kube/pod-template.ts';
import { podTemplate } from '../../kube/pod-template.ts';

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
      else cheats.push(...rule(before, after, now).map((text) => `${label} ${text}`));
    }
  }
  return cheats;
}

type Rule = (before: KubeObject, after: KubeObject, now: ClusterSnapshot) => string[];

const RULES: Record<string, Rule> = {
  Deployment: workload,
  StatefulSet: workload,
  DaemonSet: (before, after, now) => [...daemons(before, after, now), ...template(before, after)],
  CronJob: (before, after) => [
    ...(after.spec?.suspend && !before.spec?.suspend ? ['was suspended'] : []),
    ...template(before, after),
  ],
  Service: service,
  Ingress: ingress,
  PersistentVolumeClaim: claim,
  HorizontalPodAutoscaler: () => [],
};

/** Finished or owned things come and go by themselves. */
function counts(object: KubeObject): boolean {
  return !object.metadata.ownerReferences?.some((owner) => owner.controller);
}

function workload(before: KubeObject, after: KubeObject, now: ClusterSnapshot): string[] {
  const [wanted, left] = [before.spec?.replicas ?? 1, after.spec?.replicas ?? 1] as [number, number];
  // An autoscaler may shrink what it scales, down to its own minimum.
  const floor = autoscalersOf(after, now)[0]?.spec?.minReplicas as number | undefined;
  const scaled = left < wanted && !(floor !== undefined && left >= Math.max(floor, 1));
  return [...(scaled ? [`was scaled from ${wanted} to ${left}`] : []), ...template(before, after)];
}

function daemons(before: KubeObject, after: KubeObject, now: ClusterSnapshot): string[] {
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
function template(before: KubeObject, after: KubeObject): string[] {
  const containers = new Map(containersOf(after).map((container) => [container.name, container]));
  return containersOf(before).flatMap((container) => {
    const now = containers.get(container.name);
    if (!now) return [`lost its container ${container.name}`];
    return container.readinessProbe && !now.readinessProbe ? [`lost the readiness probe of ${container.name}`] : [];
  });
}

function containersOf(object: KubeObject): { name: string; readinessProbe: unknown }[] {
  return servingContainers(podTemplate(object)?.spec).map(({ name, spec }) => ({
    name,
    readinessProbe: spec?.readinessProbe,
  }));
}

function service(before: KubeObject, after: KubeObject): string[] {
  const selects = (object: KubeObject) => Object.keys(object.spec?.selector ?? {}).length > 0;
  const ports = new Set(portsOf(after));
  const lost = portsOf(before).filter((port) => !ports.has(port));
  return [
    ...(selects(before) && !selects(after) ? ['lost its selector'] : []),
    ...(before.spec?.type !== 'ExternalName' && after.spec?.type === 'ExternalName' ? ['became an ExternalName'] : []),
    ...lost.map((port) => `lost port ${port}`),
  ];
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
