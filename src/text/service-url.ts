/** A Service of the cluster, asked through the API server's service proxy. */
export interface ServiceUrl {
  namespace: string;
  service: string;
  /** Number or name. */
  port: string;
  /** Whether the Service itself is spoken to over TLS. */
  tls: boolean;
  /** Begins with a slash; percent-encoded, with the query. */
  path: string;
}

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Parses `svc://NAMESPACE/SERVICE:PORT/PATH`: PORT is a number or a port name; `https:` before SERVICE stands for a TLS
 * backend. @returns what is wrong with it, in words, for other text
 */
export function parseServiceUrl(text: string): ServiceUrl | string {
  const match = /^svc:\/\/([^/]*)\/((?:https?:)?)([^/:?#]+):([^/:?#]+)(\/[^#]*|\?[^#]*)?$/.exec(text);
  if (!match) return 'a service is written svc://NAMESPACE/SERVICE:PORT/PATH';
  const [, namespace = '', scheme = '', service = '', port = '', path = ''] = match;
  if (!LABEL.test(namespace)) return `'${namespace.slice(0, 70)}' is not a namespace name`;
  if (!LABEL.test(service)) return `'${service.slice(0, 70)}' is not a Service name`;
  const valid = /^\d{1,5}$/.test(port) ? Number(port) >= 1 && Number(port) <= 65535 : LABEL.test(port);
  if (!valid) return `'${port.slice(0, 70)}' is not a port number or name`;
  if (!/^[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$/.test(path)) return 'the path must be percent-encoded';
  let plain: string;
  try {
    plain = decodeURIComponent(path.split('?')[0]!);
  } catch {
    // Half an escape.
    return 'the path must be percent-encoded';
  }
  // The API server decodes before it routes.
  if (plain.split(/[/\\]/).some((segment) => segment === '.' || segment === '..')) {
    return 'the path may not contain . or ..';
  }
  return { namespace, service, port, tls: scheme === 'https:', path: path.startsWith('/') ? path : `/${path}` };
}

/** Path of the same at the API server. */
export function serviceProxyPath({ namespace, service, port, tls, path }: ServiceUrl): string {
  return `/api/v1/namespaces/${namespace}/services/${tls ? 'https:' : ''}${service}:${port}/proxy${path}`;
}
