import type { KubeObject } from '../../domain/kube-object.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import type { ClusterReader } from '../../domain/ports.ts';
import { listOf } from '../../kube/untyped-list.ts';
import type { ServiceFacts } from '../../telemetry/discovery/likely-sources.ts';
import { likelySources } from '../../telemetry/discovery/likely-sources.ts';
import type { SourceSpec } from '../../telemetry/settings/source-spec.ts';
import type { OpenParts } from '../../telemetry/open-sources.ts';
import { openSources } from '../../telemetry/open-sources.ts';

/** Where monitoring is installed, for users who may not list the Services of all namespaces. */
const USUAL_NAMESPACES = [
  'monitoring',
  'observability',
  'prometheus',
  'kube-prometheus-stack',
  'telemetry',
  'logging',
  'tracing',
];

/** A source that was looked for and answered. */
export interface FoundSource {
  spec: SourceSpec;
  /** `Prometheus in monitoring`. */
  name: string;
  version: string | null;
  /** `svc://monitoring/prometheus:9090/`, to be used as an address. */
  url: string;
}

export interface FoundSources {
  /** One of a role at most, the most likely that answered. */
  found: FoundSource[];
  /** What looked like a source and did not answer, or could not be looked for; one sentence each. */
  notes: string[];
}

/**
 * Looks for well-known Services and asks those that look like a source what they are, by pinned paths that only read.
 * @param taken roles that need no source
 */
export async function findSources(
  reader: Pick<ClusterReader, 'list'>,
  parts: OpenParts,
  taken: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<FoundSources> {
  const { services, notes } = await servicesOf(reader);
  const likely = likelySources(services.map(factsOf)).filter(({ role }) => !taken.has(role));
  const found: FoundSource[] = [];
  for (const { role, kind, service, product } of likely) {
    if (found.some(({ spec }) => spec.role === role)) continue;
    const spec: SourceSpec = { role, kinds: [kind], place: { via: 'service', service }, credential: null, headers: {} };
    const { opened } = await openSources([spec], parts, signal);
    const { namespace, service: name, port, tls, path } = service;
    const url = `svc://${namespace}/${tls ? 'https:' : ''}${name}:${port}${path}`;
    const [one] = opened;
    if (one && one.problem === null) found.push({ spec, name: one.name, version: one.version, url });
    else notes.push(`${url} looks like ${product}: ${one?.problem ?? 'it does not answer'}`);
  }
  return { found, notes };
}

async function servicesOf(reader: Pick<ClusterReader, 'list'>): Promise<{ services: KubeObject[]; notes: string[] }> {
  const kind = { apiVersion: 'v1', kind: 'Service' };
  try {
    return { services: await reader.list(kind), notes: [] };
  } catch (error) {
    // What cannot be listed either is one more namespace that is not looked through: the note says which were.
    const some = await Promise.all(USUAL_NAMESPACES.map((namespace) => reader.list(kind, namespace).catch(() => [])));
    const where = USUAL_NAMESPACES.join(', ');
    return { services: some.flat(), notes: [`only ${where} were looked through: ${messageOf(error)}`] };
  }
}

function factsOf({ metadata, spec }: KubeObject): ServiceFacts {
  const ports = listOf(spec?.ports).flatMap(({ name, port, protocol, appProtocol }) =>
    typeof port === 'number'
      ? [{ port, ...textOf('name', name), ...textOf('protocol', protocol), ...textOf('appProtocol', appProtocol) }]
      : [],
  );
  return { namespace: metadata.namespace ?? '', name: metadata.name, labels: metadata.labels ?? {}, ports };
}

function textOf(key: string, value: unknown): object {
  return typeof value === 'string' ? { [key]: value } : {};
}
