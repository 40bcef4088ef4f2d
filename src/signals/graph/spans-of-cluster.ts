import type { Span } from '../../domain/telemetry.ts';
import { own } from '../../json/json-map.ts';
import type { ClusterView } from '../../kube/cluster-view.ts';
import { oneLine } from '../../text/plain-text.ts';

/** Attributes of OpenTelemetry's resource (semantic conventions, "Kubernetes"). */
const CLUSTER = 'k8s.cluster.name';
const POD_UID = 'k8s.pod.uid';
const NAMED = 5;

/** Which cluster's spans are ours; `name` null: they name one at most. */
export type SpanCluster = { name: string | null } | { unknown: string };

/** Where spans name several clusters, the one that spans of the snapshot's own pods name, by their uids. */
export function clusterOfSpans(spans: readonly Span[], view: ClusterView): SpanCluster {
  const names = new Set(spans.flatMap(({ attributes }) => own(attributes, CLUSTER) || []));
  if (names.size < 2) return { name: null };
  const uids = new Set(view.all('Pod').flatMap(({ metadata }) => metadata.uid ?? []));
  const ours = new Set(
    spans.flatMap(({ attributes }) =>
      uids.has(own(attributes, POD_UID) ?? '') ? (own(attributes, CLUSTER) ?? '') : [],
    ),
  );
  const [name] = ours;
  if (name && ours.size === 1) return { name };
  const all = [...names].sort();
  const told = all.slice(0, NAMED).map((each) => oneLine(each, 60));
  return {
    unknown: `spans name several clusters (${CLUSTER}: ${told.join(', ')}${all.length > NAMED ? ' and more' : ''}), and none is certainly of a pod of this one`,
  };
}

/** Spans of one cluster, and those of the same traces that name none. */
export function spansOfCluster(spans: readonly Span[], name: string | null): Span[] {
  if (name === null) return [...spans];
  const traces = new Set(spans.flatMap(({ trace, attributes }) => (own(attributes, CLUSTER) === name ? trace : [])));
  return spans.filter(
    ({ trace, attributes }) => traces.has(trace) && ['', undefined, name].includes(own(attributes, CLUSTER)),
  );
}
