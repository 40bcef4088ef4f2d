import { StratusError } from '../../domain/stratus-error.ts';
import { hostOf, isLoopbackHost, isPrivateHost } from '../../text/host-reach.ts';
import { oneLine } from '../../text/plain-text.ts';
import { parseServiceUrl } from '../../text/service-url.ts';
import type { Credential } from '../wire/credentials.ts';
import { parseCluster } from './cluster-setting.ts';
import type { CloudWatchPlace, SourceKind, SourceRole, SourceSpec } from './source-spec.ts';
import { KINDS } from './source-spec.ts';

/** What goes with the address of a source. */
export interface SourceOptions {
  /** Bearer token. */
  token?: string;
  /** File that holds one; read before each question. */
  tokenFile?: string;
  /** Sent as `X-Scope-OrgID` (Mimir, Loki, Tempo, Thanos). */
  tenant?: string;
  /** `Name: value` each. */
  headers?: readonly string[];
  /** File (PEM) of the authority that signed its certificate. */
  authorityFile?: string;
  /** Address at which people open the same in a browser. */
  page?: string;
  /** `LABEL=VALUE` of the target's cluster, `LABEL`, or `*`; see {@link parseCluster}. CloudWatch has it in its address. */
  cluster?: string;
}

const HEADER = /^([A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}):[ \t]*([\x20-\x7e]{0,4000})$/;
/** They belong to the connection, or have a setting of their own. */
const NO_HEADERS: ReadonlySet<string> = new Set([
  'accept', 'accept-encoding', 'authorization', 'connection', 'content-length', 'content-type', 'expect', 'host', 'keep-alive',
  'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'user-agent',
]); // prettier-ignore
/** Headers that choose a tenant: Mimir, Loki, Tempo; Thanos; VictoriaLogs. The gateway lets them through to a Service. */
const OF_TENANTS: ReadonlySet<string> = new Set(['x-scope-orgid', 'thanos-tenant', 'accountid', 'projectid']);
const TOKEN = /^[\x21-\x7e]{1,16384}$/;

/**
 * Reads the address of a source: `http(s)://…`, `svc://NAMESPACE/SERVICE:PORT/PATH` (through the API server),
 * `cloudwatch://REGION?profile=…&log-group=…&cluster=…&endpoint=…`; `KIND+` before it says what answers there, as in
 * `loki+https://…`. A user and a password in it become a header.
 * @param what the setting, for messages: `--prometheus`
 * @throws StratusError usage; nothing secret is in its message
 */
export function parseSource(what: string, role: SourceRole, text: string, options: SourceOptions = {}): SourceSpec {
  const fail = (why: string) =>
    new StratusError('usage', `${what} ${JSON.stringify(oneLine(withoutSecrets(text), 200))}: ${why}`);
  const trimmed = text.trim();
  if (/^cloudwatch:\/\//i.test(trimmed)) return cloudWatch(role, trimmed, options, fail);
  const { kinds, address } = kindsOf(role, trimmed, fail);
  const headers = headersOf(options, fail);
  const cluster = options.cluster === undefined ? undefined : parseCluster(options.cluster);
  if (typeof cluster === 'string') throw fail(cluster);
  const common = {
    role,
    kinds,
    headers,
    ...(options.authorityFile ? { authorityFile: options.authorityFile } : {}),
    ...(options.page === undefined ? {} : { page: pageOf(options.page, fail) }),
    ...(cluster ? { cluster } : {}),
  };
  if (address.startsWith('svc://')) {
    const service = parseServiceUrl(address);
    if (typeof service === 'string') throw fail(service);
    if (service.path.includes('?')) throw fail('an address has no query');
    const other = Object.keys(headers).find((name) => !OF_TENANTS.has(name));
    if (other) throw fail(`through the API server only headers of tenants go (${[...OF_TENANTS].join(', ')})`);
    if (options.token || options.tokenFile)
      throw fail('through the API server only its own credentials go: give a token with an http(s) address');
    return { ...common, place: { via: 'service', service }, credential: null };
  }
  const url = URL.parse(address);
  if (!url) throw fail('it is no address, as https://HOST:PORT/BASE is one');
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw fail('it must begin with http://, https:// or svc://');
  if (url.search || url.hash) throw fail('an address has no query and no fragment');
  const credential = credentialOf(url, options, fail);
  const secret = credential !== null || (options.headers ?? []).length > 0;
  const host = hostOf(url);
  if (secret && url.protocol === 'http:' && !isLoopbackHost(host) && !isPrivateHost(host))
    throw fail('credentials are not sent over plain http beyond private networks: use https');
  url.username = '';
  url.password = '';
  return { ...common, place: { via: 'url', url: url.href }, credential };
}

type Fail = (why: string) => StratusError;

function kindsOf(role: SourceRole, text: string, fail: Fail): { kinds: readonly SourceKind[]; address: string } {
  const known = KINDS[role].filter((kind) => kind !== 'cloudwatch');
  const [, prefix, rest] = /^([a-z]+)\+(.*)$/is.exec(text) ?? [];
  if (prefix === undefined || rest === undefined) return { kinds: known, address: text };
  const kind = known.find((one) => one === prefix.toLowerCase());
  if (!kind) throw fail(`${oneLine(prefix, 20)} gives no ${role}; known are: ${known.join(', ')}`);
  return { kinds: [kind], address: rest };
}

function credentialOf(url: URL, { token, tokenFile }: SourceOptions, fail: Fail): Credential | null {
  const inUrl = url.username !== '' || url.password !== '';
  if ([inUrl, token, tokenFile].filter(Boolean).length > 1)
    throw fail('it has credentials twice: give a user in the address, a token, or a token file');
  if (token) {
    if (!TOKEN.test(token)) throw fail('the token must be one line of letters, digits and signs');
    return { kind: 'bearer', token };
  }
  if (tokenFile) return { kind: 'bearer-file', path: tokenFile };
  if (!inUrl) return null;
  try {
    return { kind: 'basic', user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  } catch {
    throw fail('user and password in the address must be percent-encoded');
  }
}

function headersOf({ headers = [], tenant }: SourceOptions, fail: Fail): Record<string, string> {
  const found: Record<string, string> = {};
  if (tenant !== undefined) {
    if (!/^[\x21-\x7e]{1,200}$/.test(tenant)) throw fail('the tenant must be one word');
    found['x-scope-orgid'] = tenant;
  }
  for (const line of headers) {
    const [, name, value = ''] = HEADER.exec(line) ?? [];
    if (name === undefined) throw fail('a header is written Name: value, on one line');
    const lower = name.toLowerCase();
    if (NO_HEADERS.has(lower)) throw fail(`the header ${lower} cannot be set`);
    found[lower] = value.trim();
  }
  return found;
}

function pageOf(text: string, fail: Fail): string {
  const url = URL.parse(text.trim());
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username || url.password)
    throw fail('the address of its page must be http(s)://…, without credentials');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

const OF_CLOUDWATCH: Readonly<Record<string, keyof CloudWatchPlace>> = {
  profile: 'profile',
  'log-group': 'logGroup',
  endpoint: 'endpoint',
  cluster: 'cluster',
};

function cloudWatch(role: SourceRole, text: string, options: SourceOptions, fail: Fail): SourceSpec {
  if (!KINDS[role].includes('cloudwatch')) throw fail(`CloudWatch gives no ${role} here, only alerts and logs`);
  const [, region = '', query = ''] = /^cloudwatch:\/\/([^/?#]*)\/?(?:\?([^#]*))?$/i.exec(text) ?? [];
  if (!/^([a-z]{2}(-[a-z]+)+-\d)?$/.test(region) || (region === '' && !/^cloudwatch:\/\/(\?|$)/i.test(text)))
    throw fail('it is written cloudwatch://REGION?profile=NAME&log-group=NAME, as in cloudwatch://eu-west-1');
  if (options.token || options.tokenFile || options.tenant !== undefined || (options.headers ?? []).length > 0)
    throw fail('CloudWatch takes the credentials of AWS only, from environment and profile');
  const place: { via: 'aws' } & CloudWatchPlace = { via: 'aws', ...(region === '' ? {} : { region }) };
  for (const [name, value] of new URLSearchParams(query)) {
    const key = Object.hasOwn(OF_CLOUDWATCH, name) ? OF_CLOUDWATCH[name] : undefined;
    if (!key) throw fail(`${oneLine(name, 40)} is none of ${Object.keys(OF_CLOUDWATCH).join(', ')}`);
    if (value !== oneLine(value, 600) || value === '') throw fail(`${name} has no value that can be used`);
    if (key === 'endpoint' && !/^https?:\/\/[^@\s]+$/.test(value)) throw fail('endpoint must be http(s)://…');
    place[key] = value;
  }
  if (role === 'alerts' && place.logGroup !== undefined) throw fail('a log group gives logs, no alerts');
  if (role === 'logs' && place.logGroup === undefined)
    throw fail('name the log group: ?log-group=/aws/containerinsights/CLUSTER/application');
  return { role, kinds: ['cloudwatch'], place, credential: null, headers: {} };
}

/** Everything before the last @ of the part that may hold a user, and the query. */
function withoutSecrets(text: string): string {
  return text
    .replace(/\/\/[^/?#]*@/, '//')
    .replace(/[^/+:\s]*:[^/@\s]*@/g, '')
    .replace(/[?#].*$/s, '');
}
