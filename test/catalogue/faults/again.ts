import type { Member } from '../application.ts';
import type { Cluster } from '../cluster.ts';

/** Its pods read their settings anew. */
export const again = (cluster: Cluster, { kind, name, labels }: Member) =>
  kind === 'StatefulSet' ? cluster.removePods(labels) : cluster.restart({ kind, name });
