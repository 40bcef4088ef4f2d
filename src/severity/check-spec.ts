import type { ObjectRef } from '../domain/kube-object.ts';
import { StratusError } from '../domain/stratus-error.ts';
import { parseServiceUrl, serviceProxyPath } from '../text/service-url.ts';

/** A user-request check, parsed. */
export interface CheckSpec {
  name: string;
  /** As the user wrote it, without credentials. */
  url: string;
  target: { kind: 'http'; url: URL } | { kind: 'service'; path: string };
  /** The one status that passes; null: any below 400. */
  status: number | null;
  samples: number;
  /** Service that it asks, where the URL names one. */
  asks?: ObjectRef;
}

/** A check that cannot be read; user interfaces map it to exit code 64. */
export class CheckUsageError extends StratusError {
  constructor(text: string, why: string) {
    super('usage', `check ${JSON.stringify(text.slice(0, 200))}: ${why} (expected NAME=URL[,status=200][,samples=N])`);
    this.name = 'CheckUsageError';
  }
}

const DEFAULT_SAMPLES = 3;
const MAX_SAMPLES = 20;
const OPTIONS = /^(.*?)((?:,(?:status|samples)=[^,]*)*)$/s;

/**
 * Parses `NAME=URL[,status=200][,samples=N]`. URL is http(s)://… (asked from this machine) or
 * svc://NAMESPACE/SERVICE:PORT/PATH (asked through the API server; PORT is a number or a port name; prefix the
 * SERVICE with `https:` for a TLS backend). Commas in the URL are kept.
 * @throws CheckUsageError
 */
export function parseCheck(text: string): CheckSpec {
  const fail = (why: string) => new CheckUsageError(text, why);
  const equals = text.indexOf('=');
  const name = text.slice(0, Math.max(equals, 0));
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)) {
    throw fail('the name before the first = must be 1 to 63 letters, digits, dots, dashes or underscores');
  }
  const [, url = '', options = ''] = OPTIONS.exec(text.slice(equals + 1))!;
  const spec: CheckSpec = { name, url, target: targetOf(url, fail), status: null, samples: DEFAULT_SAMPLES };
  const asks = serviceOf(url);
  if (asks) spec.asks = asks;
  for (const option of options.split(',').filter((part) => part !== '')) {
    const [key, value = ''] = option.split('=') as [string, string?];
    const number = /^\d{1,4}$/.test(value) ? Number(value) : Number.NaN;
    if (key === 'status') {
      if (!(number >= 100 && number <= 599)) throw fail('status must be a number from 100 to 599');
      spec.status = number;
    } else {
      if (!(number >= 1 && number <= MAX_SAMPLES)) throw fail(`samples must be a number from 1 to ${MAX_SAMPLES}`);
      spec.samples = number;
    }
  }
  if (spec.target.kind === 'http' && spec.target.url.username) {
    spec.url = url.replace(/\/\/[^@/]*@/, '//');
  }
  return spec;
}

/** `svc://NAMESPACE/SERVICE:…`, and names of the cluster's own DNS. */
function serviceOf(url: string): ObjectRef | null {
  const [, namespace, name] = /^svc:\/\/([^/]+)\/(?:https?:)?([^/:?#]+)/.exec(url) ?? [];
  const [, dnsName, dnsNamespace] =
    /^https?:\/\/(?:[^/@]*@)?([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:[.:/]|$)/.exec(url) ?? [];
  const found =
    namespace && name
      ? { namespace, name }
      : dnsName && dnsNamespace
        ? { namespace: dnsNamespace, name: dnsName }
        : null;
  return found && { apiVersion: 'v1', kind: 'Service', ...found };
}

function targetOf(text: string, fail: (why: string) => CheckUsageError): CheckSpec['target'] {
  if (text.startsWith('svc://')) {
    const service = parseServiceUrl(text);
    if (typeof service === 'string') throw fail(service);
    return { kind: 'service', path: serviceProxyPath(service) };
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw fail('the URL is not valid');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw fail('the URL must start with http://, https:// or svc://');
  return { kind: 'http', url };
}
