import type { PatchOp } from '../../../../../domain/change.ts';
import type { Evidence } from '../../../../../domain/finding.ts';
import type { KubeObject } from '../../../../../domain/kube-object.ts';
import { pointerToken } from '../../../../../json/stable-json.ts';
import type { ClusterView } from '../../../../../kube/cluster-view.ts';
import { labelSelectorMatches } from '../../../../../kube/labels.ts';
import type { LabelMap } from '../../../../../kube/labels.ts';
import { policySelects } from '../../../../../kube/network-policy.ts';
import { hasMutableTemplate, LAST_APPLIED_FIELD, lastApplied, podTemplate } from '../../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../../kube/pod-template.ts';
import { earlierRevisions } from '../../../../../kube/revisions.ts';
import { untrustedLine } from '../../../../../text/redact.ts';
import { replaceStuckPods } from '../../../clues/pods/stuck-pods.ts';
import { evidence } from '../../../engine/analyzer.ts';
import type { FixDraft } from '../../../engine/analyzer.ts';
import { jsonPatch } from '../../../engine/changes.ts';
import { holdsKey, keysTold, policyEvidence, speaksOfNamespace } from './denial.ts';
import type { Denial } from './denial.ts';
import { textsIn } from './policy-demands.ts';
import type { Demand } from './policy-demands.ts';

/** What is known of the metadata that a denial asks for. */
export interface DemandedMetadata {
  fixes: FixDraft[];
  reasons: Evidence[];
  /** Why the values cannot be set, where something is asked for. */
  unfixed?: string;
}

const NOTHING: DemandedMetadata = { fixes: [], reasons: [] };
const FIELDS = ['labels', 'annotations'] as const;
/** Siblings that are shown. */
const SHOWN = 3;

interface Value {
  text: string;
  /** 0..1 */
  confidence: number;
  reason: Evidence;
}

/**
 * Labels and annotations that whoever denies the pods of a workload wants to find on them and its template lacks, with the
 * values that an earlier template, or the workload itself, has for them. A value is never made up: where one of them is not
 * known, nothing is set.
 */
export function demandedMetadata(view: ClusterView, workload: KubeObject, denial: Denial): DemandedMetadata {
  if (!hasMutableTemplate(workload)) return NOTHING;
  const { words, policy, asked } = denial;
  const demands = (asked.length > 0 ? asked : namedIn(view, workload, words)).filter(
    ({ of, field, key }) => of === 'pods' && templateMap(workload, field)[key] === undefined,
  );
  if (demands.length === 0) return NOTHING;
  const sources = demands.map((demand) => ({ demand, value: valueOf(view, workload, demand) }));
  const shown = [
    ...(policy && asked.length > 0 ? [policyEvidence(policy, demands)] : []),
    ...sources.flatMap(({ value }) => value?.reason ?? []),
  ];
  const unknown = sources.find(({ value }) => value === null)?.demand;
  if (unknown)
    return {
      fixes: [],
      reasons: [...shown, ...siblings(view, workload, unknown)],
      unfixed: noValue(workload, unknown),
    };
  const known = sources.map(({ demand, value }) => ({ ...demand, text: value!.text, confidence: value!.confidence }));
  const wrong = known.find(({ values, text }) => values !== null && !values.includes(text));
  if (wrong) {
    const text = `${wrong.key} would be ${wrong.text}, as far as anything tells, and that is none of the values that the policy takes`;
    return { fixes: [], reasons: shown, unfixed: untrustedLine(text) };
  }
  const labels = { ...templateMap(workload, 'labels'), ...pairs(known, 'labels') };
  const drawn = drawnIn(view, workload, labels);
  if (drawn) return { fixes: [], reasons: shown, unfixed: untrustedLine(drawn) };
  const list = known.map(({ key, text }) => `${key}=${text}`).join(', ');
  return {
    fixes: [
      {
        changes: [
          jsonPatch(
            workload,
            FIELDS.flatMap((field) => opsFor(workload, field, pairs(known, field))),
          ),
          ...replaceStuckPods(view, workload),
        ],
        expects: untrustedLine(`the pods of ${workload.kind} ${workload.metadata.name} have ${list}, and are accepted`),
        confidence: Math.min(...known.map(({ confidence }) => confidence)),
      },
    ],
    reasons: shown,
  };
}

/** Keys that are known of this workload or of others, stand in the words, and are not on the pods. */
function namedIn(view: ClusterView, workload: KubeObject, words: string): Demand[] {
  if (speaksOfNamespace(words)) return [];
  return FIELDS.flatMap((field) => {
    const maps = [
      metadataMap(workload, field),
      ...formerTemplates(view, workload).map(({ template }) => textsIn(template?.metadata, field)),
      ...neighbours(view, workload).map((other) => templateMap(other, field)),
    ];
    const known = maps.flatMap((map) => Object.keys(map)).filter((key) => holdsKey(words, key));
    return keysTold(words, field, known).map((key) => ({ of: 'pods' as const, field, key, values: null }));
  });
}

/** What an earlier template had, else what was last applied, else what the workload itself has. */
function valueOf(view: ClusterView, workload: KubeObject, { field, key }: Demand): Value | null {
  for (const { template, name, source, confidence } of formerTemplates(view, workload)) {
    const text = textsIn(template?.metadata, field)[key];
    const place = source === workload ? LAST_APPLIED_FIELD : `spec.template.metadata.${field}`;
    if (text !== undefined)
      return {
        text,
        confidence,
        reason: evidence('revision', source, place, untrustedLine(`${name} had ${key}=${text}`)),
      };
  }
  const own = metadataMap(workload, field)[key];
  if (own === undefined) return null;
  const said = untrustedLine(
    `${workload.kind} ${workload.metadata.name} itself has ${key}=${own}, its pod template has not`,
  );
  return { text: own, confidence: 0.85, reason: evidence('spec', workload, `metadata.${field}`, said) };
}

function formerTemplates(view: ClusterView, workload: KubeObject) {
  const revisions = earlierRevisions(view, workload).map(({ template, number, readyPods, source }) => ({
    template,
    name: `revision ${number}`,
    source,
    confidence: readyPods > 0 ? 0.92 : 0.87,
  }));
  const applied: Untyped = podTemplate({ ...workload, spec: lastApplied(workload)?.spec });
  return applied
    ? [...revisions, { template: applied, name: 'the configuration last applied', source: workload, confidence: 0.87 }]
    : revisions;
}

const metadataMap = ({ metadata }: KubeObject, field: Demand['field']) => textsIn(metadata, field);
const templateMap = (workload: KubeObject, field: Demand['field']) => textsIn(podTemplate(workload)?.metadata, field);

function pairs(known: readonly (Demand & { text: string })[], field: Demand['field']): LabelMap {
  return Object.fromEntries(known.filter((one) => one.field === field).map(({ key, text }) => [key, text]));
}

/** Guarded by what the template has now: nobody else set one of them meanwhile. */
function opsFor(workload: KubeObject, field: Demand['field'], wanted: LabelMap): PatchOp[] {
  if (Object.keys(wanted).length === 0) return [];
  const path = `/spec/template/metadata/${field}`;
  const now: unknown = podTemplate(workload)?.metadata?.[field];
  if (now === undefined || now === null) {
    const holder: PatchOp[] = podTemplate(workload)?.metadata
      ? []
      : [{ op: 'add', path: '/spec/template/metadata', value: {} }];
    return [...holder, { op: 'add', path, value: wanted }];
  }
  const adds = Object.entries(wanted).map(([key, value]): PatchOp => ({
    op: 'add',
    path: `${path}/${pointerToken(key)}`,
    value,
  }));
  return [{ op: 'test', path, value: now }, ...adds];
}

/** Who would reach, or lose, the pods with these labels; null: nobody. */
function drawnIn(view: ClusterView, workload: KubeObject, labels: LabelMap): string | null {
  const { namespace } = workload.metadata;
  const before = templateMap(workload, 'labels');
  if (!labelSelectorMatches(workload.spec?.selector, labels))
    return `with these labels the pods would no longer match the selector of ${workload.kind} ${workload.metadata.name}, which cannot be changed`;
  const services = view.servicesSelecting(namespace, labels);
  const more = services.find((service) => !view.servicesSelecting(namespace, before).includes(service));
  if (more) return `Service ${more.metadata.name} would send its requests to the pods, once they have these labels`;
  const other = neighbours(view, workload).find(
    ({ spec }) => labelSelectorMatches(spec?.selector, labels) && !labelSelectorMatches(spec?.selector, before),
  );
  if (other) return `${other.kind} ${other.metadata.name} selects pods with these labels`;
  const cut = view
    .all('NetworkPolicy', namespace)
    .find(
      ({ spec }) => policySelects(spec?.podSelector ?? {}, labels) && !policySelects(spec?.podSelector ?? {}, before),
    );
  return cut ? `NetworkPolicy ${cut.metadata.name} would apply to the pods, once they have these labels` : null;
}

function neighbours(view: ClusterView, workload: KubeObject): KubeObject[] {
  return view
    .workloads()
    .filter(
      (other) =>
        other !== workload && other.metadata.namespace === workload.metadata.namespace && hasMutableTemplate(other),
    );
}

function siblings(view: ClusterView, workload: KubeObject, { field, key }: Demand): Evidence[] {
  return neighbours(view, workload)
    .filter((other) => templateMap(other, field)[key] !== undefined)
    .slice(0, SHOWN)
    .map((other) =>
      evidence(
        'sibling',
        other,
        `spec.template.metadata.${field}`,
        untrustedLine(`the pods of ${other.kind} ${other.metadata.name} have ${key}=${templateMap(other, field)[key]}`),
      ),
    );
}

function noValue({ kind, metadata }: KubeObject, { field, key }: Demand): string {
  return untrustedLine(
    `${field.slice(0, -1)} ${key} is asked for, and neither ${kind} ${metadata.name} nor an earlier state of its template has a value for it: whoever owns it says which`,
  );
}
