import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence } from '../../engine/analyzer.ts';
import { stableJson } from '../../../../json/stable-json.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { NAMING, selectorMapMatches } from '../../../../kube/labels.ts';
import type { LabelMap } from '../../../../kube/labels.ts';
import { LAST_APPLIED_FIELD, lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { PodTemplate } from '../../../../kube/pod-template.ts';
import { isLiving } from '../../../../kube/pods.ts';
import { listens, portKnowledge } from '../../../../kube/port-knowledge.ts';
import { earlierRevisions } from '../../../../kube/revisions.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import { areMembers } from '../../clues/names/family.ts';
import { isMisspelling, nameSimilarity } from '../../clues/names/similar-names.ts';

export const POD_OWNERS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob'];

/** A workload to which a Service was most likely meant to lead, and the selector that does. */
export interface Meant {
  workload: KubeObject;
  selector: LabelMap;
  score: number;
  reasons: Evidence[];
}

/** Two workloads about equally likely are both less so, unless one selector picks both. */
const CLOSE = 0.15;

/** Best first. */
export function workloadsMeant(view: ClusterView, service: KubeObject, selector: LabelMap): Meant[] {
  const list = view.workloads().flatMap((workload): Meant | Meant[] => {
    const template = podTemplateOf(workload);
    if (!template || workload.metadata.namespace !== service.metadata.namespace || !POD_OWNERS.includes(workload.kind))
      return [];
    return meantBy(view, service, selector, workload, template) ?? [];
  });
  list.sort((a, b) => b.score - a.score || (a.workload.metadata.name < b.workload.metadata.name ? -1 : 1));
  const [first] = list;
  const rival = list.find((each) => stableJson(each.selector) !== stableJson(first!.selector));
  const factor = first && rival && first.score - rival.score < CLOSE ? 0.6 : 1;
  return list.map((each) => ({ ...each, score: Math.min(0.95, each.score * factor) }));
}

/**
 * Null unless something ties the Service to this very workload. Labels in common do not: all workloads of an application
 * have some, and a Service whose own workload is gone would lead its users to another one.
 */
function meantBy(
  view: ClusterView,
  service: KubeObject,
  selector: LabelMap,
  workload: KubeObject,
  { labels, field }: PodTemplate,
): Meant | null {
  const reasons: Evidence[] = [];
  let score = 0;
  const add = (weight: number, reason: Evidence): void => {
    score += weight;
    reasons.push(reason);
  };
  const { name } = service.metadata;
  const place = `${field.replace(/spec$/, 'metadata')}.labels`;
  const here = (text: string): Evidence => evidence('sibling', workload, place, text);
  const applied: LabelMap | undefined = lastApplied(service)?.spec?.selector;
  const byApplied = selectorMapMatches(applied, labels);
  const wrong = Object.keys(selector).filter((key) => labels[key] !== selector[key]);
  if (!byApplied && wrong.length !== 1) return null;
  if (byApplied) {
    const text = `the selector last applied fits ${workload.kind} ${workload.metadata.name}`;
    add(0.8, evidence('revision', service, LAST_APPLIED_FIELD, text));
  }
  const key = wrong[0]!;
  const value = selector[key]!;
  const found = labels[key];
  const hadThem = earlierRevisions(view, workload).some((revision) =>
    selectorMapMatches(selector, revision.template.metadata?.labels),
  );
  const named = bare(name) === bare(workload.metadata.name);
  // Who asks for the other one of a family was not mistaken in a letter; who asks for another version of itself is late.
  const late = named && VERSION.test(key);
  if (!byApplied && !hadThem && !late && found !== undefined && areMembers(value, found)) return null;
  if (Object.keys(selector).length > 1) add(0.3, here(`its pods fit the selector except for ${key}`));
  const misspelt = found !== undefined && isMisspelling(value, found) && !(holds(name, value) && !holds(name, found));
  if (misspelt) add(0.35, here(`its pods have ${key}=${found}`));
  const moved =
    found === undefined && NAMING.test(key)
      ? Object.keys(labels).find((other) => labels[other] === value && NAMING.test(other))
      : undefined;
  if (moved !== undefined) add(0.4, here(`its pods have the value ${value} under ${moved}`));
  if (named) add(0.35, evidence('sibling', workload, 'metadata.name', `its name is ${workload.metadata.name}`));
  else if (nameSimilarity(name, workload.metadata.name) >= 0.5)
    add(0.15, evidence('sibling', workload, 'metadata.name', `its name is ${workload.metadata.name}`));
  if (found !== undefined && bare(name) === found) add(0.15, here(`its pods have the Service's name under ${key}`));
  if (hadThem) add(0.45, evidence('revision', workload, place, 'an earlier revision of it had these labels'));
  score += portFit(service, workload);
  if (byApplied) return { workload, selector: applied!, score, reasons };
  if (!misspelt && moved === undefined && !named && !hadThem) return null;
  const after = changed(selector, key, labels, moved);
  // A value that is only misspelt picked the same pods as it will; any other change must not take in pods of others.
  if (!misspelt && !picksOnly(view, workload, after)) return null;
  return { workload, selector: after, score, reasons };
}

/** Labels that change with each release. */
const VERSION = /(?:^|[/.-])(?:version|chart|revision)$/;

/** The name without the word that says that it is a Service's. */
export function bare(name: string): string {
  return name.replace(/-(?:svc|service|srv)$/, '');
}

/** A name has a value as words of its own: `web-api` holds web and api. */
function holds(name: string, value: string): boolean {
  return `-${name}-`.includes(`-${value}-`);
}

function changed(selector: LabelMap, key: string, labels: LabelMap, moved: string | undefined): LabelMap {
  const rest = Object.fromEntries(Object.entries(selector).filter(([other]) => other !== key));
  if (labels[key] !== undefined) return { ...rest, [key]: labels[key] };
  return moved === undefined ? rest : { ...rest, [moved]: selector[key]! };
}

/** Nothing but pods of the workload, made or to be made; an empty selector picks none, and leaves the Service to nobody. */
export function picksOnly(view: ClusterView, workload: KubeObject, selector: LabelMap): boolean {
  const { namespace } = workload.metadata;
  const isPicked = (labels: LabelMap | undefined): boolean => selectorMapMatches(selector, labels);
  const owners = view
    .workloads()
    .filter((each) => each.metadata.namespace === namespace && isPicked(podTemplateOf(each)?.labels));
  const pods = view.all('Pod', namespace).filter((pod) => isLiving(pod) && isPicked(pod.metadata.labels));
  const picked = [...owners, ...pods.map((pod) => view.workloadOf(pod))];
  return picked.length > 0 && picked.every((each) => each === workload);
}

/** Pods that serve the Service's ports speak for the workload, others against it. */
function portFit(service: KubeObject, workload: KubeObject): number {
  const knowledge = portKnowledge(podTemplateOf(workload)!.spec);
  const answers = servicePorts(service).map((port) => listens(knowledge, port.target, port.protocol));
  if (answers.includes('no')) return -0.3;
  return answers.length > 0 && answers.every((answer) => answer === 'yes') ? 0.15 : 0;
}
