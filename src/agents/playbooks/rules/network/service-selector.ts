import type { Finding, FindingSeverity } from '../../../../domain/finding.ts';
import type { FixDraft } from '../../engine/analyzer.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import type { Severity } from '../../../../domain/severity.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { PatchOp } from '../../../../domain/change.ts';
import { NAMING } from '../../../../kube/labels.ts';
import type { LabelMap } from '../../../../kube/labels.ts';
import { usersOf } from '../../../../kube/references-to-service.ts';
import { lostSelector } from './lost-selector.ts';
import { bare, picksOnly, POD_OWNERS, workloadsMeant } from './selector-meant.ts';
import type { Meant } from './selector-meant.ts';
import { staleAddresses } from './stale-address.ts';
import { pointerToken } from '../../../../json/stable-json.ts';
import { LAST_APPLIED_FIELD, lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import { readyPods } from '../../../../kube/cluster-view.ts';
import { listens, portKnowledge } from '../../../../kube/port-knowledge.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import { areMembers } from '../../clues/names/family.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';

const SERVICE_SELECTOR = 'service-selector';

/** A changed selector sends users to other pods, so a mere resemblance is not enough. */
const ENOUGH = 0.5;

/** Services whose selector fits no pod and no workload, or is gone, with the workload that was most likely meant. */
export async function analyzeServiceSelectors(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  if (!view.known('Pod') || !POD_OWNERS.every((kind) => view.known(kind))) return [];
  const isWell = severity.known && severity.items.length === 0;
  const stale = isWell ? [] : await staleAddresses(context, SERVICE_SELECTOR);
  const others = view.all('Service').flatMap((service) => {
    const selector: LabelMap = service.spec?.selector ?? {};
    if (service.metadata.deletionTimestamp || service.spec?.type === 'ExternalName') return [];
    if (Object.keys(selector).length === 0) return lostSelector(view, SERVICE_SELECTOR, service);
    if (view.podsBehind(service).length > 0 || view.workloadsBehind(service).length > 0)
      return outsideFails(severity) ? foreignFinding(view, service, selector) : [];
    return [findingFor(view, severity, service, selector)];
  });
  return [...stale, ...others];
}

function findingFor(view: ClusterView, severity: Severity, service: KubeObject, selector: LabelMap): Finding {
  const meant = workloadsMeant(view, service, selector).filter(({ score }) => score >= ENOUGH);
  const users = usersOf(view, service);
  const best = meant[0];
  const words = inWords(selector);
  return makeFinding({
    rule: SERVICE_SELECTOR,
    severity: best || users.length > 0 ? 'critical' : leftover(severity),
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

/** A Service of which nobody is known to make use is only left over, but who fails from outside may be asking it. */
function leftover(severity: Severity): FindingSeverity {
  return !severity.known || outsideFails(severity) ? 'warning' : 'info';
}

function outsideFails(severity: Severity): boolean {
  return severity.known && severity.items.some(({ source }) => source !== 'object');
}

/** Ready pods of other workloads behind a Service, which refuse what only those of one workload serve. */
function foreignFinding(view: ClusterView, service: KubeObject, selector: LabelMap): Finding[] {
  const behind = view.workloadsBehind(service).filter((workload) => readyPods(view, workload).length > 0);
  const numbered = servicePorts(service).filter(({ target }) => typeof target === 'number');
  if (behind.length < 2 || numbered.length === 0) return [];
  const answers = new Map(
    behind.map((workload) => {
      const knowledge = portKnowledge(podTemplateOf(workload)!.spec);
      return [workload, numbered.map(({ target, protocol }) => listens(knowledge, target, protocol))];
    }),
  );
  const serving = behind.filter((workload) => answers.get(workload)!.every((answer) => answer === 'yes'));
  const [own] = serving;
  if (!own || serving.length > 1) return [];
  const { name } = own.metadata;
  const isNamed = bare(service.metadata.name) === bare(name) || isLabelled(service, own, behind);
  // Declaring ports is optional: who says nothing is foreign only where the names tell.
  const foreign = behind.filter(
    (workload) =>
      workload !== own &&
      !areMembers(name, workload.metadata.name) &&
      (answers.get(workload)!.includes('no') || (isNamed && answers.get(workload)!.includes('unclear'))),
  );
  if (foreign.length !== behind.length - 1) return [];
  const narrower = narrowerSelector(view, service, selector, own);
  const names = foreign.map((workload) => `${workload.kind} ${workload.metadata.name}`).join(', ');
  return [
    makeFinding({
      rule: SERVICE_SELECTOR,
      severity: 'critical',
      object: service,
      what: 'foreign',
      message:
        `Service ${service.metadata.name} selects ${inWords(selector)}, which pods of ${names} have, too; ` +
        `only those of ${own.kind} ${name} are known to listen on ${numbered.map(({ target }) => target).join(', ')}`,
      evidence: [
        evidence('spec', service, 'spec.selector', `spec.selector is ${inWords(selector)}`),
        ...foreign.map((workload) => evidence('sibling', workload, null, 'its pods do not say that they listen there')),
        ...(narrower?.reasons ?? []),
      ],
      fixes: narrower ? [fixFor(service, selector, narrower)] : [],
      unfixed: `no label tells the pods of ${own.kind} ${name} apart: who owns ${names} can say which labels they need`,
    }),
  ];
}

/** A label of this workload alone has the name of the Service: `component: cart` behind Service `cart`. */
function isLabelled(service: KubeObject, own: KubeObject, behind: readonly KubeObject[]): boolean {
  const wanted = bare(service.metadata.name);
  const others = behind.filter((workload) => workload !== own).map((workload) => podTemplateOf(workload)!.labels);
  return Object.entries(podTemplateOf(own)!.labels).some(
    ([key, value]) => bare(value) === wanted && others.every((labels) => labels[key] !== value),
  );
}

/** The selector last applied, or one more label, that picks the pods of the workload and no others. */
function narrowerSelector(
  view: ClusterView,
  service: KubeObject,
  selector: LabelMap,
  workload: KubeObject,
): Meant | null {
  const applied: LabelMap | undefined = lastApplied(service)?.spec?.selector;
  if (applied && picksOnly(view, workload, applied)) {
    const reason = evidence(
      'revision',
      service,
      LAST_APPLIED_FIELD,
      `the selector last applied is ${inWords(applied)}`,
    );
    return { workload, selector: applied, score: 0.9, reasons: [reason] };
  }
  const { labels, field } = podTemplateOf(workload)!;
  const key = Object.keys(labels)
    .sort((a, b) => Number(NAMING.test(b)) - Number(NAMING.test(a)) || (a < b ? -1 : 1))
    .find((each) => selector[each] === undefined && picksOnly(view, workload, { ...selector, [each]: labels[each]! }));
  if (key === undefined) return null;
  const place = `${field.replace(/spec$/, 'metadata')}.labels`;
  const reason = evidence('sibling', workload, place, `only its pods have ${key}=${labels[key]}`);
  return { workload, selector: { ...selector, [key]: labels[key]! }, score: 0.7, reasons: [reason] };
}

function inWords(selector: LabelMap): string {
  return Object.entries(selector)
    .sort()
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
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
  kinds: [...PODS, ...REVISIONS, 'Service', 'EndpointSlice', 'ConfigMap', 'Ingress', 'Node'],
  explains:
    'Requests that reach no pod because the selector of a Service is gone, or matches none that could serve them.',
  unfixed: 'several workloads could be meant, or none that serves',
  analyze: analyzeServiceSelectors,
};
