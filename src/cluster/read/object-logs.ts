import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { ClusterError } from '../../domain/cluster-error.ts';
import type { KubeApi } from '../../gateway/wire/kube-api.ts';
import { labelSelectorMatches, selectorMapMatches } from '../../kube/labels.ts';
import { statusesOf } from '../../kube/pod-state.ts';
import { counted, oneLine } from '../../text/plain-text.ts';
import type { SnapshotReader } from './snapshot.ts';

/** More containers than anybody reads at once; the newest pods come first. */
const MAX_SOURCES = 20;
const LINE_CHARS = 1_000;
/** Of each container, before what is new. */
const FOLLOW_TAIL = 50;

/** A container whose log can be read. */
export interface LogSource {
  pod: string;
  container: string;
  /** How often it was started anew. */
  restarts: number;
}

/** Logs of what stands behind an object: a pod's containers, or those of the pods that a workload or Service selects. */
export class ObjectLogs {
  readonly #reader: SnapshotReader;
  readonly #api: KubeApi;

  constructor(reader: SnapshotReader, api: KubeApi) {
    this.#reader = reader;
    this.#api = api;
  }

  /** @throws ClusterError not-found, when the object or its pods are gone, or it has none */
  async sources(ref: ObjectRef): Promise<LogSource[]> {
    const object = await this.#reader.get(ref);
    if (!object) throw new ClusterError('not-found', `${ref.kind} ${ref.name} is not there any more`);
    const pods = object.kind === 'Pod' ? [object] : await this.#podsOf(object);
    const sources = pods.flatMap((pod) =>
      containersOf(pod).map((container) => ({ pod: pod.metadata.name, ...container })),
    );
    if (sources.length === 0)
      throw new ClusterError('not-found', `${ref.kind} ${ref.name} has no pods: no log to read`);
    return sources.slice(0, MAX_SOURCES);
  }

  /** Last lines of every container, each under its name. @param previous of the container before its last restart */
  async read(ref: ObjectRef, previous: boolean): Promise<string> {
    const namespace = ref.namespace ?? '';
    const sources = await this.sources(ref);
    const parts = await Promise.all(
      sources.map(async ({ pod, container, restarts }) => {
        const lines = await this.#reader.readLog(namespace, pod, container, previous);
        const none = previous ? noFormerLog(restarts) : '(no log)';
        return [`==> ${pod} / ${container}`, ...(lines.length > 0 ? lines : [none]), ''];
      }),
    );
    return parts.flat().join('\n');
  }

  /**
   * Tells lines as they are written, with their container's name where there are several. Resolves when the signal fires
   * or every container has ended.
   */
  async follow(ref: ObjectRef, signal: AbortSignal, tell: (line: string) => void): Promise<void> {
    const sources = await this.sources(ref);
    await Promise.all(
      sources.map(async ({ pod, container }) => {
        const mark = sources.length > 1 ? `[${pod} / ${container}] ` : '';
        const query = new URLSearchParams({ container, tailLines: String(FOLLOW_TAIL), follow: 'true' });
        const path = `/api/v1/namespaces/${encodeURIComponent(ref.namespace ?? '')}/pods/${encodeURIComponent(pod)}/log?${query}`;
        try {
          for await (const line of this.#api.lines(path, signal)) tell(mark + oneLine(line, LINE_CHARS));
          if (!signal.aborted) tell(`${mark}-- the container has ended`);
        } catch (error) {
          // One that has not started yet, or is gone, does not silence the others.
          if (!signal.aborted) tell(`${mark}-- ${oneLine(error instanceof Error ? error.message : error)}`);
        }
      }),
    );
  }

  async #podsOf(object: KubeObject): Promise<KubeObject[]> {
    const { selector } = (object.spec ?? {}) as { selector?: Record<string, string> };
    const plain = object.kind === 'Service' || object.kind === 'ReplicationController';
    const matches = plain ? selectorMapMatches : labelSelectorMatches;
    const pods = await this.#reader.list({ apiVersion: 'v1', kind: 'Pod' }, object.metadata.namespace);
    const newest = (pod: KubeObject) => Date.parse(pod.metadata.creationTimestamp ?? '') || 0;
    return pods.filter((pod) => matches(selector, pod.metadata.labels)).sort((a, b) => newest(b) - newest(a));
  }
}

function noFormerLog(restarts: number): string {
  if (restarts === 0) return '(no log: the container has not restarted)';
  return `(no log: the container restarted ${counted(restarts, 'time')}, and what it wrote before is empty or no longer kept)`;
}

function containersOf(pod: KubeObject): { container: string; restarts: number }[] {
  const statuses = new Map(statusesOf(pod).map((status) => [status.name, status.restartCount ?? 0]));
  const lists = ['containers', 'initContainers'].flatMap((field) => (pod.spec?.[field] ?? []) as { name: string }[]);
  return lists.map(({ name }) => ({ container: name, restarts: statuses.get(name) ?? 0 }));
}
