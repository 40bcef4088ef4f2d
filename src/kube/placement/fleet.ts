import type { KubeObject } from '../../domain/kube-object.ts';
import type { ClusterView } from '../cluster-view.ts';
import type { LabelMap } from '../labels.ts';
import { isLiving } from '../pods.ts';

/** Nodes and what runs on them. Pods on their way out no longer count: whoever waits for their place gets it. */
export class Fleet {
  readonly nodes: KubeObject[];
  /** All pods that are known, also those that ended or are being deleted. */
  readonly pods: KubeObject[];
  /** Living pods that have a node. */
  readonly placed: KubeObject[];
  /** Those of them with required rules about which pods they bear beside them. */
  readonly guarded: KubeObject[];
  /** False where only the pods of the namespaces in scope are known. */
  readonly complete: boolean;
  readonly view: ClusterView;
  readonly #byNode = new Map<string, KubeObject[]>();
  readonly #nodeByName: Map<string, KubeObject>;

  /** @param everywhere the pods of all namespaces; null where they may not be listed */
  constructor(view: ClusterView, everywhere: KubeObject[] | null) {
    this.view = view;
    this.nodes = view.all('Node');
    this.complete = everywhere !== null;
    // What the snapshot holds is the same pod as elsewhere in the diagnosis, by identity.
    const outside = (everywhere ?? []).filter((pod) => !view.find('Pod', pod.metadata.namespace, pod.metadata.name));
    this.pods = [...view.all('Pod'), ...outside];
    this.placed = this.pods.filter((pod) => pod.spec?.nodeName && isLiving(pod));
    this.guarded = this.placed.filter((pod) => pod.spec?.affinity?.podAntiAffinity);
    this.#nodeByName = new Map(this.nodes.map((node) => [node.metadata.name, node]));
    for (const pod of this.placed) {
      const list = this.#byNode.get(pod.spec.nodeName);
      if (list) list.push(pod);
      else this.#byNode.set(pod.spec.nodeName, [pod]);
    }
  }

  podsOn(node: KubeObject): KubeObject[] {
    return this.#byNode.get(node.metadata.name) ?? [];
  }

  /** Pods on the nodes that share a topology value with `node`; none when it has no such label. */
  podsWhere(topologyKey: string, node: KubeObject): KubeObject[] {
    const value = node.metadata.labels?.[topologyKey];
    if (value === undefined) return [];
    return this.nodes
      .filter((each) => each.metadata.labels?.[topologyKey] === value)
      .flatMap((each) => this.podsOn(each));
  }

  sameDomain(topologyKey: string, nodeName: string | undefined, node: KubeObject): boolean {
    const value = node.metadata.labels?.[topologyKey];
    return value !== undefined && this.#nodeByName.get(nodeName ?? '')?.metadata.labels?.[topologyKey] === value;
  }

  labelsOfNamespace(name: string | undefined): LabelMap {
    const labels = this.view.find('Namespace', undefined, name ?? '')?.metadata.labels ?? {};
    return { 'kubernetes.io/metadata.name': name ?? '', ...labels };
  }
}
