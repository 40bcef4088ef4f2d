import { externalLabels } from '../prometheus/external-labels.ts';
import type { SourceClient } from '../wire/source-client.ts';
import { isProblem } from '../wire/source-problem.ts';
import { CLUSTER_LABELS } from './cluster-labels.ts';
import type { OwnCluster } from './own-cluster.ts';

/** A Prometheus that is started anew may have others. */
const LABELS_LAST_MS = 300_000;

/**
 * By label the value that alerts of the target's cluster have, as its metric server proves it: by the series that it holds of our
 * pods, or, where all that it holds is ours, by the labels with which it sends alerts.
 */
export class ProvedCluster {
  readonly #cluster: OwnCluster;
  readonly #client: SourceClient;
  #sent: { labels: ReadonlyMap<string, string>; at: number } | null = null;

  constructor(cluster: OwnCluster, client: SourceClient) {
    this.#cluster = cluster;
    this.#client = client;
  }

  /** Empty where nothing is proved. Rejects on cancel only. */
  async known(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const scope = await this.#cluster.find(signal);
    if (scope.state !== 'whole' || !scope.isOurs) return scope.known;
    return new Map([...(await this.#labelsSent(signal)), ...scope.known]);
  }

  async #labelsSent(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const now = this.#client.clock.monotonic();
    if (this.#sent && now - this.#sent.at < LABELS_LAST_MS) return this.#sent.labels;
    let labels: Readonly<Record<string, string>> = {};
    try {
      labels = await externalLabels(this.#client, signal);
    } catch (error) {
      signal.throwIfAborted();
      // Its kin do not tell, and who may not ask does not learn it: then it is not known.
      if (!isProblem(error, 'missing', 'refused', 'forbidden', 'not-understood', 'unauthorized')) return new Map();
    }
    const named = Object.entries(labels).filter(([label, value]) => CLUSTER_LABELS.includes(label) && value !== '');
    this.#sent = { labels: new Map(named), at: now };
    return this.#sent.labels;
  }
}
