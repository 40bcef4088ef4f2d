import type { Change } from '../../../../domain/change.ts';
import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject, ObjectRef } from '../../../../domain/kube-object.ts';
import type { ClusterSnapshot } from '../../../../domain/snapshot.ts';
import { ClusterView, refTo } from '../../../../kube/cluster-view.ts';
import { podState } from '../../../../kube/pod-state.ts';
import { desiredReplicas, isLiving, isReady } from '../../../../kube/pods.ts';
import { refusalOf } from '../../../../kube/refusals.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { formerSizes } from '../../clues/scale/former-size.ts';
import { clearlySimilar } from '../../clues/names/similar-names.ts';
import { evidence } from '../../engine/analyzer.ts';
import type { AnalyzerContext } from '../../engine/analyzer.ts';
import { scaleTo } from '../../engine/changes.ts';
import type { WebhookEntry } from './webhook-entries.ts';

/** What is wrong with what should answer a webhook. */
export interface BackendVerdict {
  /** `gone`: nothing can answer; `answers`: what failed before works now. */
  state: 'gone' | 'broken' | 'answers';
  /** Continues "webhook W cannot be reached: ". */
  text: string;
  evidence: Evidence[];
  /** The object that a person, or a fix, has to look at. */
  object?: ObjectRef;
  /** Brings the backend up again. */
  repair?: { changes: Change[]; confidence: number };
  /** Its own pods wait for it to answer. */
  deadlock?: boolean;
}

const KINDS: readonly [kind: string, apiVersion: string][] = [
  ['Service', 'v1'], ['Pod', 'v1'], ['Event', 'v1'], ['Deployment', 'apps/v1'], ['ReplicaSet', 'apps/v1'],
  ['StatefulSet', 'apps/v1'], ['DaemonSet', 'apps/v1'],
]; // prettier-ignore

/** Looks at the Service and pods behind a webhook, in whatever namespace. */
export async function examineBackend(
  context: AnalyzerContext,
  { config, index, webhook }: WebhookEntry,
  message: string,
): Promise<BackendVerdict> {
  const field = `webhooks[${index}].clientConfig`;
  const service = webhook.clientConfig?.service;
  if (!service?.name) {
    const text = `it is called at ${String(webhook.clientConfig?.url ?? 'no address')}, outside of the cluster`;
    return { state: 'broken', text, evidence: [evidence('spec', config, `${field}.url`, text)] };
  }
  const namespace = String(service.namespace);
  const name = String(service.name);
  const ref = refTo('Service', 'v1', namespace, name);
  const place = `Service ${namespace}/${name}`;
  const view = await viewOf(context, namespace);
  if (!view) {
    const text = `${place}, which answers it, could not be read`;
    return { state: 'broken', text, object: ref, evidence: [evidence('sibling', ref, null, text)] };
  }
  const found = view.find('Service', namespace, name);
  const refers = evidence('spec', config, `${field}.service`, `the webhook is answered by ${place}`);
  if (!found) return missing(view, ref, refers);
  const port = Number(service.port ?? 443);
  const ports = ((found.spec?.ports ?? []) as { port?: number }[]).map((one) => Number(one.port));
  if (!ports.includes(port)) {
    const text = `${place} has no port ${port}, only ${ports.join(', ') || 'none'}`;
    return { state: 'broken', text, object: ref, evidence: [refers, evidence('sibling', found, 'spec.ports', text)] };
  }
  if (/x509|tls: |certificate/.test(message)) {
    const why = untrustedLine(/(x509|tls): (.*)$/s.exec(message)?.[0] ?? message, 160);
    const text = `the certificate of ${place} is not one that ${field}.caBundle of ${config.kind} ${config.metadata.name} vouches for (${why})`;
    return {
      state: 'broken',
      text,
      object: ref,
      evidence: [refers, evidence('spec', config, `${field}.caBundle`, text)],
    };
  }
  const pods = view.podsBehind(found);
  if (pods.some(isReady)) return answering(message, place, String(service.path ?? '/'), found, refers);
  return {
    ...withoutPods(view, found, pods, webhook.name as string),
    evidence: [refers, ...podFacts(view, found, pods)],
  };
}

/** A view of one namespace beyond the snapshot; null when it may not be read. */
async function viewOf({ view, list }: AnalyzerContext, namespace: string): Promise<ClusterView | null> {
  if (view.inScope(namespace)) return view;
  try {
    const lists = await Promise.all(KINDS.map(([kind, apiVersion]) => list({ kind, apiVersion }, namespace)));
    const objects = Object.fromEntries(KINDS.map(([kind], at) => [kind, lists[at]!]));
    const snapshot: ClusterSnapshot = { ...view.snapshot, namespaces: [namespace], objects, unreadable: {} };
    return new ClusterView(snapshot);
  } catch {
    // Without the right to look there, nothing is known about the backend.
    return null;
  }
}

function missing(view: ClusterView, ref: ObjectRef, refers: Evidence): BackendVerdict {
  const services = view.all('Service', ref.namespace);
  const similar = clearlySimilar(ref.name, services, ({ metadata }) => metadata.name);
  const place = `Service ${ref.namespace}/${ref.name}`;
  const absent = evidence('sibling', ref, null, `there is no ${place}`);
  if (similar) {
    const { name } = similar.item.metadata;
    const text = `${place} does not exist, but ${name} does: the webhook names the wrong one`;
    return {
      state: 'broken',
      text,
      object: ref,
      evidence: [refers, absent, evidence('sibling', similar.item, null, text)],
    };
  }
  return { state: 'gone', text: `${place}, which answers it, does not exist`, object: ref, evidence: [refers, absent] };
}

function answering(
  message: string,
  place: string,
  path: string,
  service: KubeObject,
  refers: Evidence,
): BackendVerdict {
  const facts = [refers, evidence('sibling', service, null, `${place} has ready pods`)];
  const state = 'broken' as const;
  if (/could not find the requested resource|404/.test(message))
    return { state, text: `${place} answers, but not at path ${path}`, evidence: facts };
  if (/not found$|no endpoints available/.test(message.trim()))
    return { state: 'answers', text: `${place} has ready pods again`, evidence: facts };
  if (/connection refused/.test(message)) {
    return { state, text: `${place} has ready pods, but nothing listens at its target port`, evidence: facts };
  }
  if (/deadline exceeded|timeout|timed out/i.test(message))
    return { state, text: `${place} has ready pods, but does not answer in time`, evidence: facts };
  return { state, text: `${place} has ready pods, but does not answer as it should`, evidence: facts };
}

function withoutPods(
  view: ClusterView,
  service: KubeObject,
  pods: readonly KubeObject[],
  webhook: string,
): Omit<BackendVerdict, 'evidence'> {
  const place = `Service ${service.metadata.namespace}/${service.metadata.name}`;
  const [backend] = view.workloadsBehind(service).filter(({ kind }) => kind !== 'Pod');
  if (!backend) {
    const text =
      pods.length > 0 ? `no pod of ${place} is ready` : `the selector of ${place} picks no pod and no workload`;
    return { state: 'broken', text, object: refTo('Service', 'v1', service.metadata.namespace, service.metadata.name) };
  }
  const { apiVersion, kind, metadata } = backend;
  const object = refTo(kind, apiVersion, metadata.namespace, metadata.name);
  const label = `${kind} ${metadata.namespace}/${metadata.name}`;
  if (desiredReplicas(backend) === 0) {
    const [size] = formerSizes(view, backend);
    const changes = [scaleTo(backend, size?.replicas ?? 1)];
    const text = `${label}, which answers it behind ${place}, is scaled to 0`;
    return { state: 'broken', text, object, repair: { changes, confidence: size?.confidence ?? 0.6 } };
  }
  const refusal = refusalOf(view, backend);
  if (refusal?.message.includes(`webhook "${webhook}"`)) {
    const text = `${label}, which answers it, waits for the webhook itself: it is asked about its own pods`;
    return { state: 'broken', text, object, deadlock: true };
  }
  const why = refusal ? untrustedLine(refusal.message, 120) : stateInWords(view, pods);
  return { state: 'broken', text: `${label}, which answers it behind ${place}, has no ready pod (${why})`, object };
}

function stateInWords(view: ClusterView, pods: readonly KubeObject[]): string {
  const [first] = pods.filter(isLiving);
  return first ? untrustedLine(podState(first, view.now).text, 120) : 'it has no pod';
}

function podFacts(view: ClusterView, service: KubeObject, pods: readonly KubeObject[]): Evidence[] {
  const backends = view.workloadsBehind(service).filter(({ kind }) => kind !== 'Pod');
  return [
    evidence('sibling', service, 'spec.selector', `it picks ${pods.length} pods, none of which is ready`),
    ...backends.slice(0, 2).map((backend) => {
      const text = `${backend.kind} ${backend.metadata.name} asks for ${desiredReplicas(backend) ?? 'its'} pods`;
      return evidence('spec', backend, 'spec.replicas', text);
    }),
    ...backends.slice(0, 1).flatMap((backend) =>
      formerSizes(view, backend)
        .slice(0, 1)
        .map((size) => size.evidence),
    ),
  ];
}
