import type { CallGraphNode } from '../../domain/signals.ts';
import type { Span } from '../../domain/telemetry.ts';
import { own } from '../../json/json-map.ts';
import { hostIn } from '../identity/addressed-object.ts';
import type { ServiceNames } from '../identity/service-names.ts';
import { graphNode } from './graph-builder.ts';

/**
 * Attributes that say whom a client span called, surest first (semantic conventions of OpenTelemetry, present and former).
 * A host is a name in the cluster's DNS, `peer.service` one that people chose.
 */
const PEER_HOSTS = ['server.address', 'net.peer.name', 'http.host', 'net.sock.peer.addr', 'network.peer.address'];
const PEER_URLS = ['url.full', 'http.url'];
const PEER_NAMES = ['peer.service', 'db.name', 'db.system.name', 'db.system', 'rpc.service', 'messaging.system'];
const DESTINATIONS = ['messaging.destination.name', 'messaging.destination'];

/** Nodes of a call graph that spans speak of; each is worked out once. */
export class SpanNodes {
  readonly #names: ServiceNames;
  readonly #served = new Map<string, CallGraphNode>();

  constructor(names: ServiceNames) {
    this.#names = names;
  }

  /** Who made the span. */
  of(span: Span): CallGraphNode {
    const { service, attributes } = span;
    const key = `${service}|${attributes['k8s.namespace.name'] ?? ''}|${attributes['k8s.deployment.name'] ?? ''}|${attributes['k8s.pod.name'] ?? ''}|${attributes['service.namespace'] ?? ''}`;
    let node = this.#served.get(key);
    if (!node) this.#served.set(key, (node = graphNode(service, this.#names.byAttributes(service, attributes))));
    return node;
  }

  /** Whom a client or producer span without an answer of the other side called; null where it does not say. */
  peerOf(span: Span): CallGraphNode | null {
    const host = first(span, PEER_HOSTS) ?? hostIn(first(span, PEER_URLS) ?? '');
    const named = first(span, PEER_NAMES.slice(0, 1));
    const namespace = this.of(span).object?.namespace ?? span.attributes['k8s.namespace.name'];
    const object = (named && this.#names.byName(named, namespace)) || (host && this.#names.byHost(host, namespace));
    if (object) return graphNode(object.name, object);
    const name = named ?? (host || first(span, PEER_NAMES));
    return name ? graphNode(name, null) : null;
  }
}

/** Topic or queue of a messaging span; null where it does not say. */
export function destinationOf(span: Span): string | null {
  return first(span, DESTINATIONS);
}

function first({ attributes }: Span, keys: readonly string[]): string | null {
  for (const key of keys) {
    const value = own(attributes, key);
    if (value) return value;
  }
  return null;
}
