import type { KubeObject } from '../../../domain/kube-object.ts';
import type { LabelMap } from '../../../kube/labels.ts';
import { selectorMapMatches } from '../../../kube/labels.ts';
import { pointerToken, stableJson } from '../../../json/stable-json.ts';
import { podTemplateOf } from '../../../kube/pod-template.ts';
import { isReady } from '../../../kube/pods.ts';
import { nameSimilarity } from '../../playbooks/clues/names/similar-names.ts';
import { evidence } from '../../playbooks/engine/analyzer.ts';
import { jsonPatch } from '../../playbooks/engine/changes.ts';
import type { PatchOp } from '../../../domain/change.ts';
import type { ActionDraft, CauseDraft, Scene } from '../scene/draft.ts';
import { nameOf, shown } from '../scene/draft.ts';
import { isOwnNamespace } from '../scene/own-namespace.ts';
import { setAt } from '../scene/template-patch.ts';

/** Workloads offered per Service: they differ in how well their names fit. */
const MAX_TARGETS = 3;

/** Services that lead only to pods of the caller's own node, or of the node that was asked. */
export function localTraffic({ view }: Scene): CauseDraft[] {
  return view.all('Service').flatMap((service) =>
    (['internalTrafficPolicy', 'externalTrafficPolicy'] as const).flatMap((field): CauseDraft[] => {
      if (service.spec?.[field] !== 'Local' || !isOwnNamespace(view, service)) return [];
      const text = `Service ${service.metadata.name} has ${field} Local: who asks on a node without a ready pod of it gets no answer`;
      const score = field === 'internalTrafficPolicy' ? 0.55 : 0.45;
      return [
        {
          object: service,
          what: field,
          text,
          evidence: [evidence('spec', service, `spec.${field}`, text)],
          score,
          actions: [
            {
              changes: [jsonPatch(service, setAt(`/spec/${field}`, 'Local', 'Cluster'))],
              text: `set ${field} of Service ${service.metadata.name}: Local → Cluster`,
              origin: 'generic',
              score,
              expects: `Service ${service.metadata.name} answers on every node`,
            },
          ],
        },
      ];
    }),
  );
}

/** Services whose selector picks no ready pod, or pods of more than one workload, and selectors that would pick others. */
export function selectors({ view }: Scene): CauseDraft[] {
  if (!view.known('Pod')) return [];
  return view.all('Service').flatMap((service): CauseDraft[] => {
    const selector = service.spec?.selector as LabelMap | undefined;
    if (!selector || !isOwnNamespace(view, service)) return [];
    const behind = view.workloadsBehind(service);
    const ready = view.podsBehind(service).some(isReady);
    const nobody = behind.length === 0 && !ready;
    if (!nobody && behind.length === 1) return [];
    const namesake = behind.find(({ metadata }) => metadata.name === service.metadata.name);
    if (!nobody && !namesake) return [];
    const { namespace } = service.metadata;
    const meant = view
      .workloads()
      .filter(({ kind, metadata }) => metadata.namespace === namespace && kind !== 'Pod' && kind !== 'Job')
      .flatMap((workload): ActionDraft[] => {
        if (!nobody && workload !== namesake) return [];
        return selectorsFor(workload, selector, service).map(({ value, ops, score }) => ({
          changes: [jsonPatch(service, ops)],
          text: `point the selector of Service ${service.metadata.name} at ${nameOf(workload)}: ${shown(selector)} → ${shown(value)}`,
          origin: 'reference',
          score,
          expects: `Service ${service.metadata.name} leads to the pods of ${nameOf(workload)}`,
        }));
      })
      .sort((a, b) => b.score - a.score)
      .slice(0, MAX_TARGETS);
    const text = nobody
      ? `Service ${service.metadata.name} leads nowhere: its selector ${shown(selector)} fits no pod`
      : `the selector ${shown(selector)} of Service ${service.metadata.name} picks pods of ${behind.length} workloads: ${behind.map(({ metadata }) => metadata.name).join(', ')}`;
    return [
      {
        object: service,
        what: 'selector',
        text,
        evidence: [evidence('spec', service, 'spec.selector', text)],
        score: nobody ? 0.85 : 0.65,
        actions: meant,
      },
    ];
  });
}

interface Selector {
  value: LabelMap;
  ops: PatchOp[];
  score: number;
}

/** Selectors that pick the workload's pods: the present one with its wrong keys mended, or without what does not fit. */
function selectorsFor(workload: KubeObject, selector: LabelMap, service: KubeObject): Selector[] {
  const labels = podTemplateOf(workload)?.labels ?? {};
  const own = (workload.spec?.selector?.matchLabels ?? labels) as LabelMap;
  const name = bare(service.metadata.name);
  const likeness = Math.max(
    nameSimilarity(name, workload.metadata.name),
    ...Object.values(own).map((value) => nameSimilarity(name, value)),
  );
  const keys = Object.keys(selector);
  const wrong = keys.filter((key) => labels[key] !== selector[key]);
  const fits = keys.length > 0 ? (keys.length - wrong.length) / keys.length : 0;
  const close = wrong.some((key) => labels[key] !== undefined && nameSimilarity(labels[key], selector[key]!) > 0.5);
  const moved = keys.some((key) => labels[key] === undefined && Object.values(labels).includes(selector[key]!));
  if (likeness < 0.5 && !close && !moved && fits === 0) return [];
  const score = 0.35 + 0.35 * likeness + 0.1 * fits + (close || moved ? 0.1 : 0);
  const mended = Object.fromEntries(
    keys.flatMap((key): [string, string][] => {
      // The value may stand under another key.
      const moved = Object.keys(labels).find((other) => labels[other] === selector[key]);
      if (labels[key] === undefined) return moved === undefined ? [] : [[moved, selector[key]!]];
      return [[key, labels[key]]];
    }),
  );
  const values = wrong.length === 0 ? [own] : Object.keys(mended).length > 0 ? [mended, own] : [own];
  const seen = new Set<string>([stableJson(selector)]);
  return values.flatMap((value, index): Selector[] => {
    const text = stableJson(value);
    if (Object.keys(value).length === 0 || seen.has(text) || !selectorMapMatches(value, labels)) return [];
    seen.add(text);
    return [{ value, ops: opsTo(selector, value), score: Math.min(0.9, score - index * 0.1) }];
  });
}

function bare(name: string): string {
  return name.replace(/-(?:svc|service|srv)$/, '');
}

function opsTo(now: LabelMap, value: LabelMap): PatchOp[] {
  const keys = [...new Set([...Object.keys(now), ...Object.keys(value)])].sort();
  const path = (key: string): string => `/spec/selector/${pointerToken(key)}`;
  return keys.flatMap((key): PatchOp[] => {
    if (now[key] === value[key]) return [];
    if (now[key] === undefined) return [{ op: 'add', path: path(key), value: value[key] }];
    const test: PatchOp = { op: 'test', path: path(key), value: now[key] };
    return [
      test,
      value[key] === undefined
        ? { op: 'remove', path: path(key) }
        : { op: 'replace', path: path(key), value: value[key] },
    ];
  });
}
