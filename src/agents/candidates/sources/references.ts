import type { PatchOp } from '../../../domain/change.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { uses } from '../../../kube/affected.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { keysOf, missingReferences } from '../../../kube/config-references.ts';
import type { MissingReference } from '../../../kube/config-references.ts';
import { podTemplateOf } from '../../../kube/pod-template.ts';
import type { Untyped } from '../../../kube/pod-template.ts';
import { listOf } from '../../../kube/untyped-list.ts';
import { renamedOps } from '../../playbooks/clues/names/renamed-reference.ts';
import { nameSimilarity } from '../../playbooks/clues/names/similar-names.ts';
import { evidence } from '../../playbooks/engine/analyzer.ts';
import { jsonPatch } from '../../playbooks/engine/changes.ts';
import type { ActionDraft, CauseDraft, Scene } from '../scene/draft.ts';
import { nameOf, shown } from '../scene/draft.ts';
import { isOwnNamespace } from '../scene/own-namespace.ts';
import { isPatchable, setAt, setInTemplate, templateChanges } from '../scene/template-patch.ts';

/** Names offered in place of one that does not exist. */
const MAX_NAMES = 3;

/** What pod templates and autoscalers name and what does not exist, with existing names like it. */
export function references({ view }: Scene): CauseDraft[] {
  const own = view.workloads().filter((each) => isPatchable(view, each));
  return [
    ...own.flatMap((workload) => [...configOf(view, workload), ...namesOf(view, workload)]),
    ...view.all('HorizontalPodAutoscaler').flatMap((scaler) => targetOf(view, scaler)),
  ];
}

function configOf(view: ClusterView, workload: KubeObject): CauseDraft[] {
  const template = podTemplateOf(workload)!;
  const { namespace } = workload.metadata;
  const groups = Map.groupBy(missingReferences(view, namespace, template.spec), ({ reference, object }) =>
    JSON.stringify([reference.kind, reference.name, object === null ? null : reference.key]),
  );
  return [...groups.values()].map((group): CauseDraft => {
    const [{ reference, object }] = group as [MissingReference];
    const { kind, name, key } = reference;
    const rename = (toName: string, toKey: string | null): PatchOp[] =>
      group.flatMap((each) => renamedOps(template, each.reference, toName, toKey ?? each.reference.key));
    const draft = (ops: PatchOp[], from: string, to: string, score: number): ActionDraft => ({
      changes: templateChanges(view, workload, ops),
      text: `make ${nameOf(workload)} refer to ${to} in place of ${from}`,
      origin: 'reference',
      score,
      expects: `${nameOf(workload)} finds ${to} and its pods become ready`,
    });
    const text = object
      ? `${nameOf(workload)} needs key ${key} of ${kind} ${name}, which has ${shown(keysOf(object).join(', '))}`
      : `${nameOf(workload)} needs ${kind} ${name}, which does not exist`;
    const asked = group.flatMap((each) => each.reference.key ?? []);
    const actions = object
      ? likely(key!, keysOf(object)).map(([other, score]) =>
          draft(rename(name, other), `key ${key} of ${kind} ${name}`, `key ${other}`, score),
        )
      : [
          ...likelyObjects(view, workload, kind, name, asked).map(([other, score]) =>
            draft(rename(other, null), `${kind} ${name}`, `${kind} ${other}`, score),
          ),
          ...otherKind(view, workload, group).map(([ops, other]) =>
            draft(ops, `${kind} ${name}`, `${other} ${name}`, 0.65),
          ),
        ];
    return {
      object: workload,
      what: `${kind} ${name} ${object ? key : ''}`,
      text,
      evidence: [evidence('spec', workload, `${template.field}.${reference.place}`, text)],
      score: 0.88,
      actions,
    };
  });
}

/** A Secret was taken for a ConfigMap, or the other way round. */
function otherKind(view: ClusterView, workload: KubeObject, group: readonly MissingReference[]): [PatchOp[], string][] {
  const { kind, name } = group[0]!.reference;
  const other = kind === 'ConfigMap' ? 'Secret' : 'ConfigMap';
  const object = view.find(other, workload.metadata.namespace, name);
  const { pointer } = podTemplateOf(workload)!;
  const ops = group.flatMap(({ reference: { key, namePointer } }): PatchOp[] => {
    if (!object || key === null || !namePointer.includes('/valueFrom/') || !keysOf(object).includes(key)) return [];
    const path = `${pointer}${namePointer}`;
    const value = { [other === 'Secret' ? 'secretKeyRef' : 'configMapKeyRef']: { name, key } };
    return [
      { op: 'test', path, value: name },
      { op: 'replace', path: path.slice(0, path.indexOf('/valueFrom/') + '/valueFrom'.length), value },
    ];
  });
  return ops.length === 2 * group.length ? [[ops, other]] : [];
}

/** Existing names, those like the wanted one first; of few, all. */
function likely(name: string, names: readonly string[], fits: (name: string) => number = () => 0): [string, number][] {
  const ranked = names
    .filter((other) => other !== name)
    .map((other): [string, number] => [other, nameSimilarity(name, other)])
    .filter(([other, likeness]) => likeness > 0 || names.length <= MAX_NAMES || fits(other) > 0)
    .map(([other, likeness]): [string, number] => [other, 0.35 + 0.5 * likeness + fits(other)]);
  return ranked.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, MAX_NAMES);
}

/** A Secret that others use is theirs: it would hand their rights to this workload. */
function likelyObjects(
  view: ClusterView,
  workload: KubeObject,
  kind: 'ConfigMap' | 'Secret',
  name: string,
  keys: string[],
) {
  const { namespace } = workload.metadata;
  const isTheirs = (object: KubeObject): boolean =>
    view
      .workloads()
      .some(
        (each) =>
          each !== workload &&
          each.metadata.namespace === namespace &&
          uses(each, { kind, name: object.metadata.name }),
      );
  const fitting = view.all(kind, namespace).filter((object) => {
    if (object.metadata.name === 'kube-root-ca.crt' || /token|helm|bootstrap/.test(String(object['type'] ?? '')))
      return false;
    return keys.every((key) => keysOf(object).includes(key)) && !(kind === 'Secret' && isTheirs(object));
  });
  const theirs = new Set(fitting.filter(isTheirs).map(({ metadata }) => metadata.name));
  return likely(
    name,
    fitting.map(({ metadata }) => metadata.name),
    (other) => (keys.length > 0 ? 0.1 : 0) - (theirs.has(other) ? 0.15 : 0),
  );
}

interface Named {
  kind: string;
  name: unknown;
  pointer: string;
  /** Whether pods can do without. */
  spare: boolean;
}

/** Claims, accounts and classes. */
function namesOf(view: ClusterView, workload: KubeObject): CauseDraft[] {
  const { spec, field } = podTemplateOf(workload)!;
  const { namespace } = workload.metadata;
  const named: Named[] = [
    ...listOf(spec?.volumes).map((volume: Untyped, index) => ({
      kind: 'PersistentVolumeClaim',
      name: volume?.persistentVolumeClaim?.claimName as unknown,
      pointer: `/volumes/${index}/persistentVolumeClaim/claimName`,
      spare: false,
    })),
    { kind: 'ServiceAccount', name: spec?.serviceAccountName, pointer: '/serviceAccountName', spare: false },
    { kind: 'PriorityClass', name: spec?.priorityClassName, pointer: '/priorityClassName', spare: true },
    { kind: 'RuntimeClass', name: spec?.runtimeClassName, pointer: '/runtimeClassName', spare: true },
  ];
  return named.flatMap(({ kind, name, pointer, spare }): CauseDraft[] => {
    const home = kind.endsWith('Class') ? undefined : namespace;
    if (typeof name !== 'string' || name === '' || !view.known(kind) || view.find(kind, home, name)) return [];
    const others = view.all(kind, home).filter(({ metadata }) => !metadata.name.startsWith('system-'));
    const values: [string | undefined, number][] = [
      ...likely(
        name,
        others.map(({ metadata }) => metadata.name),
      ),
      ...(spare ? [[undefined, 0.6] as [undefined, number]] : []),
    ];
    const text = `${nameOf(workload)} names ${kind} ${name}, which does not exist`;
    return [
      {
        object: workload,
        what: `${kind} ${name}`,
        text,
        evidence: [evidence('spec', workload, `${field}${pointer.replaceAll('/', '.')}`, text)],
        score: 0.85,
        actions: values.map(([value, score]): ActionDraft => ({
          changes: templateChanges(view, workload, [
            ...(kind === 'ServiceAccount' && spec?.serviceAccount === name
              ? setInTemplate(workload, '/serviceAccount', name, value)
              : []),
            ...setInTemplate(workload, pointer, name, value),
          ]),
          text: `make ${nameOf(workload)} name ${kind} ${value ?? 'of the default'} in place of ${name}`,
          origin: 'reference',
          score,
          expects: `pods of ${nameOf(workload)} can be made`,
        })),
      },
    ];
  });
}

function targetOf(view: ClusterView, scaler: KubeObject): CauseDraft[] {
  const { kind, name } = (scaler.spec?.scaleTargetRef ?? {}) as { kind?: string; name?: string };
  const { namespace } = scaler.metadata;
  if (!kind || !name || !view.known(kind) || view.find(kind, namespace, name) || !isOwnNamespace(view, scaler))
    return [];
  const targets = ['Deployment', 'StatefulSet'].flatMap((each) => view.all(each, namespace));
  const ranked = targets
    .map((target) => ({
      target,
      likeness: Math.max(
        nameSimilarity(name, target.metadata.name),
        nameSimilarity(scaler.metadata.name, target.metadata.name),
      ),
    }))
    .filter(({ likeness }) => likeness > 0)
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, MAX_NAMES);
  const text = `HorizontalPodAutoscaler ${scaler.metadata.name} scales ${kind} ${name}, which does not exist`;
  return [
    {
      object: scaler,
      what: 'target',
      text,
      evidence: [evidence('spec', scaler, 'spec.scaleTargetRef', text)],
      score: 0.7,
      actions: ranked.map(({ target, likeness }) => ({
        changes: [
          jsonPatch(scaler, [
            ...setAt('/spec/scaleTargetRef/name', name, target.metadata.name).filter(
              () => target.metadata.name !== name,
            ),
            ...setAt('/spec/scaleTargetRef/kind', kind, target.kind).filter(() => target.kind !== kind),
          ]),
        ],
        text: `point HorizontalPodAutoscaler ${scaler.metadata.name} at ${nameOf(target)} in place of ${kind} ${name}`,
        origin: 'reference',
        score: 0.4 + 0.45 * likeness,
        expects: `HorizontalPodAutoscaler ${scaler.metadata.name} scales ${nameOf(target)}`,
      })),
    },
  ];
}
