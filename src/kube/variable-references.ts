import type { KubeObject } from '../domain/kube-object.ts';
import type { ClusterView } from './cluster-view.ts';
import { containersOf, podTemplateOf } from './pod-template.ts';
import type { ContainerSpec, Untyped } from './pod-template.ts';
import { listOf } from './untyped-list.ts';

/** A `$(NAME)` that the kubelet leaves as it is, because the container has no such variable where it is read. */
export interface UnexpandedReference {
  container: ContainerSpec;
  name: string;
  /** Below the container: `env[2].value`, `args[0]`. */
  place: string;
  /** Pointer of the text below the container. */
  pointer: string;
  text: string;
  /** Place in `env` of the variable, where it is there and comes too late; null where there is none. */
  laterAt: number | null;
  /** Variables that it could have named. */
  known: string[];
}

/** `$$(NAME)` is written for a literal `$(NAME)`. Lower case is mostly a command of a shell. */
const REFERENCE = /(?<!\$)(?:\$\$)*\$\(([A-Z_][A-Z0-9_]*)\)/g;
/** What the kubelet makes of Services. */
const OF_SERVICES = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)\w*)?)$/;

/**
 * References to variables that stay unexpanded. None of a container that takes variables from a source which is not known as
 * a whole. Sources: kubernetes.io, "Define Dependent Environment Variables"; third_party/forked/golang/expansion.
 */
export function unexpandedReferences(view: ClusterView, workload: KubeObject): UnexpandedReference[] {
  const template = podTemplateOf(workload);
  if (!template) return [];
  return containersOf(template.spec).flatMap((container) => {
    const given = fromSources(view, workload.metadata.namespace, container.spec);
    if (!given) return [];
    const env = listOf(container.spec?.env);
    const names = env.map((variable) => String(variable?.name ?? ''));
    const found: UnexpandedReference[] = [];
    const look = (text: unknown, place: string, pointer: string, before: readonly string[]): void => {
      if (typeof text !== 'string') return;
      for (const [, name = ''] of text.matchAll(REFERENCE)) {
        if (before.includes(name) || given.has(name) || OF_SERVICES.test(name)) continue;
        const at = names.indexOf(name);
        const known = [...new Set([...before, ...given])].sort();
        found.push({ container, name, place, pointer, text, laterAt: at < 0 ? null : at, known });
      }
    };
    env.forEach((variable, index) =>
      look(variable?.value, `env[${index}].value`, `/env/${index}/value`, names.slice(0, index)),
    );
    for (const list of ['command', 'args'] as const)
      listOf(container.spec?.[list]).forEach((word, index) =>
        look(word, `${list}[${index}]`, `/${list}/${index}`, names),
      );
    return found;
  });
}

/** Names that `envFrom` gives; null where one of its sources is not there, or may not be read. */
function fromSources(view: ClusterView, namespace: string | undefined, container: Untyped): Set<string> | null {
  const names = new Set<string>();
  for (const source of listOf(container?.envFrom)) {
    const kind = source?.configMapRef ? 'ConfigMap' : 'Secret';
    const object = view.find(kind, namespace, String((source?.configMapRef ?? source?.secretRef)?.name ?? ''));
    if (!object) return null;
    for (const key of Object.keys((object['data'] ?? {}) as Record<string, unknown>))
      names.add(`${String(source?.prefix ?? '')}${key}`);
  }
  return names;
}
