import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { PatchOp } from '../../../../domain/change.ts';
import { selectorMapMatches } from '../../../../kube/labels.ts';
import type { LabelMap } from '../../../../kube/labels.ts';
import { lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import { portKnowledge } from '../../../../kube/port-knowledge.ts';
import { referencesTo } from '../../../../kube/references-to-service.ts';
import { earlierRevisions } from '../../../../kube/revisions.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import { nameSimilarity } from '../../clues/similar-names.ts';
import { pointerToken } from '../../../../json/stable-json.ts';
import { listens } from '../../../../kube/port-knowledge.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';

const SERVICE_SELECTOR = 'service-selector';

const POD_OWNERS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob'];
/** A changed selector sends users to other pods, so a mere resemblance is not enough. */
const ENOUGH = 0.5;

/** Services whose selector fits no pod and no workload, with the workload that was most likely meant. */
export function analyzeServiceSelectors({ view }: AnalyzerContext): Finding[] {
  if (!view.known('Pod') || !POD_OWNERS.every((kind) => view.known(kind))) return [];
  return view.all('Service').flatMap((service) => {
    const selector: LabelMap = service.spec?.selector ?? {};
    if (Object.keys(selector).length === 0 || service.spec?.type === 'ExternalName') return [];
    if (service.metadata.deletionTimestamp) return [];
    if (view.podsBehind(service).length > 0 || view.workloadsBehind(service).length > 0) return [];
    return [findingFor(view, service, selector)];
  });
}

interface Meant {
  workload: KubeObject;
  selector: LabelMap;
  score: number;
  reasons: Evidence[];
}

function findingFor(view: ClusterView, service: KubeObject, selector: LabelMap): Finding {
  const meant = workloadsMeant(view, service, selector).filter(({ score }) => score >= ENOUGH);
  const users = referencesTo(view, service);
  const best = meant[0];
  const words = inWords(selector);
  return makeFinding({
    rule: SERVICE_SELECTOR,
    severity: best || users.length > 0 ? 'critical' : 'warning',
    object: service,
    what: 'selector',
    message:
      `Service ${service.metadata.name} selects ${words}, which no pod has` +
      (best ? `; ${best.workload.kind} ${best.workload.metadata.name} was most likely meant` : ''),
    evidence: [
      evidence('spec', service, 'spec.selector', `no pod and no pod template has ${words}`),
      ...(best?.reasons ?? []),
      ...users
        .slice(0, 3)
        .map(({ from, object, field }) =>
          evidence('sibling', object, field, `${from.kind} ${from.metadata.name} uses this Service`),
        ),
    ],
    fixes: meant.slice(0, 3).map((each) => fixFor(service, selector, each)),
  });
}

function inWords(selector: LabelMap): string {
  return Object.entries(selector)
    .sort()
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}

function workloadsMeant(view: ClusterView, service: KubeObject, selector: LabelMap): Meant[] {
  const list = view.workloads().flatMap((workload): Meant[] => {
    const template = podTemplateOf(workload);
    if (!template || workload.metadata.namespace !== service.metadata.namespace || !POD_OWNERS.includes(workload.kind))
      return [];
    return meantBy(view, service, selector, workload, template.labels, template.field) ?? [];
  });
  list.sort((a, b) => b.score - a.score || (a.workload.metadata.name < b.workload.metadata.name ? -1 : 1));
  const lead = (list[0]?.score ?? 0) - (list[1]?.score ?? 0);
  const factor = list.length > 1 && lead < 0.15 ? 0.6 : 1;
  return list.map((each) => ({ ...each, score: Math.min(0.95, each.score * factor) }));
}

function meantBy(
  view: ClusterView,
  service: KubeObject,
  selector: LabelMap,
  workload: KubeObject,
  labels: LabelMap,
  field: string,
): Meant[] | null {
  const reasons: Evidence[] = [];
  let score = 0;
  const add = (weight: number, reason: Evidence): void => {
    score += weight;
    reasons.push(reason);
  };
  const applied: LabelMap | undefined = lastApplied(service)?.spec?.selector;
  const byApplied = selectorMapMatches(applied, labels);
  const wrong = Object.keys(selector).filter((key) => labels[key] !== selector[key]);
  if (!byApplied && wrong.length !== 1) return null;
  const place = `${field.replace(/spec$/, 'metadata')}.labels`;
  if (byApplied) {
    const annotation = 'metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]';
    add(
      0.8,
      evidence(
        'revision',
        service,
        annotation,
        `the selector last applied fits ${workload.kind} ${workload.metadata.name}`,
      ),
    );
  }
  const key = wrong[0]!;
  const value = selector[key]!;
  const others = Object.keys(selector).length - 1;
  if (others > 0) add(0.3, evidence('sibling', workload, place, `its pods fit the selector except for ${key}`));
  const sameValue = Object.keys(labels).find((other) => labels[other] === value);
  if (labels[key] !== undefined && nameSimilarity(value, labels[key]) >= 0.5) {
    add(0.35, evidence('sibling', workload, place, `its pods have ${key}=${labels[key]}`));
  } else if (labels[key] === undefined && sameValue !== undefined) {
    add(0.4, evidence('sibling', workload, place, `its pods have the value ${value} under ${sameValue}`));
  }
  const alike = nameSimilarity(service.metadata.name, workload.metadata.name);
  if (alike >= 0.5)
    add(
      alike === 1 ? 0.35 : 0.15,
      evidence('sibling', workload, 'metadata.name', `its name is ${workload.metadata.name}`),
    );
  if (
    earlierRevisions(view, workload).some((revision) =>
      selectorMapMatches(selector, revision.template.metadata?.labels),
    )
  ) {
    add(0.45, evidence('revision', workload, place, 'an earlier revision of it had these labels'));
  }
  score += portFit(service, workload);
  return [{ workload, selector: byApplied ? applied! : changed(selector, key, labels, sameValue), score, reasons }];
}

function changed(selector: LabelMap, key: string, labels: LabelMap, sameValue: string | undefined): LabelMap {
  const rest = Object.fromEntries(Object.entries(selector).filter(([other]) => other !== key));
  if (labels[key] !== undefined) return { ...rest, [key]: labels[key] };
  return sameValue === undefined ? rest : { ...rest, [sameValue]: selector[key]! };
}

/** Pods that serve the Service's ports speak for the workload, others against it. */
function portFit(service: KubeObject, workload: KubeObject): number {
  const template = podTemplateOf(workload)!;
  const backend = { knowledge: portKnowledge(template.spec), object: workload, field: template.field };
  const answers = servicePorts(service).map((port) => listens(backend.knowledge, port.target, port.protocol));
  if (answers.includes('no')) return -0.3;
  return answers.length > 0 && answers.every((answer) => answer === 'yes') ? 0.15 : 0;
}

function fixFor(service: KubeObject, selector: LabelMap, meant: Meant): FixDraft {
  const ops: PatchOp[] = [];
  const keys = [...new Set([...Object.keys(selector), ...Object.keys(meant.selector)])].sort();
  // An empty selector in between would select nothing, so what is new is added first.
  for (const key of keys.filter((each) => selector[each] === undefined)) {
    ops.push({ op: 'add', path: `/spec/selector/${pointerToken(key)}`, value: meant.selector[key] });
  }
  for (const key of keys.filter((each) => selector[each] !== undefined && selector[each] !== meant.selector[each])) {
    const path = `/spec/selector/${pointerToken(key)}`;
    ops.push({ op: 'test', path, value: selector[key] });
    ops.push(
      meant.selector[key] === undefined ? { op: 'remove', path } : { op: 'replace', path, value: meant.selector[key] },
    );
  }
  return {
    changes: [jsonPatch(service, ops)],
    expects: `Service ${service.metadata.name} has the pods of ${meant.workload.kind} ${meant.workload.metadata.name} as endpoints`,
    confidence: meant.score,
  };
}

export const serviceSelectorRule: Analyzer = {
  rule: SERVICE_SELECTOR,
  layer: 'network',
  kinds: [...PODS, ...REVISIONS, 'Service', 'ConfigMap'],
  explains: 'Requests that reach no pod because the selector of a Service matches none that could serve them.',
  unfixed: 'several workloads could be meant, or none that serves',
  analyze: analyzeServiceSelectors,
};
