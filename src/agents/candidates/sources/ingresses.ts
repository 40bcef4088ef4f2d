import type { PatchOp } from '../../../domain/change.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { ingressBackends } from '../../../kube/ingress-backends.ts';
import type { IngressBackend } from '../../../kube/ingress-backends.ts';
import { usersOf } from '../../../kube/references-to-service.ts';
import { servicePorts } from '../../../kube/service-backends.ts';
import { nameSimilarity } from '../../playbooks/clues/names/similar-names.ts';
import { evidence } from '../../playbooks/engine/analyzer.ts';
import { jsonPatch } from '../../playbooks/engine/changes.ts';
import type { ActionDraft, CauseDraft, Scene } from '../scene/draft.ts';
import { shown } from '../scene/draft.ts';
import { isOwnNamespace } from '../scene/own-namespace.ts';
import { setAt } from '../scene/template-patch.ts';

/** Names offered in place of one that leads nowhere. */
const MAX_NAMES = 3;

/** Routes to a Service, or a port of it, or by a class, that does not exist. */
export function ingresses(scene: Scene): CauseDraft[] {
  return scene.view
    .all('Ingress')
    .filter((ingress) => isOwnNamespace(scene.view, ingress))
    .flatMap((ingress) => [
      ...ingressBackends(ingress).flatMap((backend) => backendTrouble(scene, ingress, backend)),
      ...classTrouble(scene, ingress),
    ]);
}

function backendTrouble({ view }: Scene, ingress: KubeObject, backend: IngressBackend): CauseDraft[] {
  if (!view.known('Service')) return [];
  const { namespace, name } = ingress.metadata;
  const service = view.find('Service', namespace, backend.name);
  const { number, name: portName } = (backend.port ?? {}) as { number?: number; name?: string };
  const has = (one: KubeObject): boolean =>
    servicePorts(one).some((port) => (number !== undefined ? port.number === number : port.name === portName));
  if (service && (backend.port === undefined || has(service))) return [];
  const draft = (path: string, ops: PatchOp[], from: string, to: string, score: number): ActionDraft => ({
    changes: [jsonPatch(ingress, ops)],
    text: `point ${path} of Ingress ${name} at ${to} in place of ${from}`,
    origin: 'reference',
    score,
    expects: `Ingress ${name} leads to ${to}`,
  });
  const actions = service
    ? servicePorts(service)
        .slice(0, MAX_NAMES)
        .map((port, _at, { length }) => {
          const value = number === undefined && port.name ? { name: port.name } : { number: port.number };
          const ops = setAt(`${backend.pointer}/port`, backend.port, value);
          return draft(
            backend.field,
            ops,
            `port ${number ?? portName}`,
            `port ${value.name ?? value.number}`,
            length === 1 ? 0.85 : 0.6,
          );
        })
    : view
        .all('Service', namespace)
        .map((other) => {
          const likeness = nameSimilarity(backend.name, other.metadata.name);
          const idle = usersOf(view, other).length === 0 ? 0.15 : 0;
          return { other, score: 0.25 + 0.5 * likeness + idle + (has(other) ? 0.1 : 0) };
        })
        .filter(({ score }) => score >= 0.5)
        .sort((a, b) => b.score - a.score)
        .slice(0, MAX_NAMES)
        .map(({ other, score }) =>
          draft(
            backend.field,
            setAt(`${backend.pointer}/name`, backend.name, other.metadata.name),
            backend.name,
            other.metadata.name,
            score,
          ),
        );
  const text = service
    ? `Ingress ${name} leads to port ${shown(number ?? portName)} of Service ${backend.name}, which it does not have`
    : `Ingress ${name} leads to Service ${backend.name}, which does not exist`;
  return [
    {
      object: ingress,
      what: backend.pointer,
      text,
      evidence: [evidence('spec', ingress, backend.field, text)],
      score: 0.8,
      actions,
    },
  ];
}

function classTrouble({ view }: Scene, ingress: KubeObject): CauseDraft[] {
  const wanted: unknown = ingress.spec?.ingressClassName;
  const classes = view.all('IngressClass');
  const isDefault = ({ metadata }: KubeObject): boolean =>
    metadata.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true';
  if (!view.known('IngressClass') || classes.length === 0) return [];
  if (typeof wanted === 'string' ? classes.some(({ metadata }) => metadata.name === wanted) : classes.some(isDefault))
    return [];
  if (ingress.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined) return [];
  const actions = classes
    .map((each) => ({ each, likeness: typeof wanted === 'string' ? nameSimilarity(wanted, each.metadata.name) : 0 }))
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, MAX_NAMES)
    .map(({ each, likeness }): ActionDraft => ({
      changes: [jsonPatch(ingress, setAt('/spec/ingressClassName', wanted, each.metadata.name))],
      text: `set the class of Ingress ${ingress.metadata.name}: ${shown(wanted)} → ${each.metadata.name}`,
      origin: 'reference',
      score: 0.5 + 0.2 * likeness + (classes.length === 1 ? 0.25 : 0),
      expects: `the controller of class ${each.metadata.name} serves Ingress ${ingress.metadata.name}`,
    }));
  const text = `Ingress ${ingress.metadata.name} has class ${shown(wanted)}, which does not exist; there are ${classes
    .map(({ metadata }) => metadata.name)
    .slice(0, 5)
    .join(', ')}`;
  return [
    {
      object: ingress,
      what: 'class',
      text,
      evidence: [evidence('spec', ingress, 'spec.ingressClassName', text)],
      score: 0.75,
      actions,
    },
  ];
}
