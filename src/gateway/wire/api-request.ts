import { printJson } from '../../json/lossless-json.ts';
/** What one HTTP request asks of the Kubernetes API, derived from method, path and query alone. */
export interface ApiRequest {
  method: string;
  /** Path without query, as sent. */
  path: string;
  query: URLSearchParams;
  /** `resource`: an object or collection; `discovery`: /api, /apis, /openapi, /version, health; `other`: anything else. */
  kind: 'resource' | 'discovery' | 'other';
  verb: ApiVerb;
  /** Empty for the core group. */
  group: string;
  version: string;
  /** Plural resource name, e.g. `deployments`. */
  resource: string;
  subresource: string;
  namespace: string;
  /** Empty for collections. */
  name: string;
  /** The client asked for a server-side dry-run. */
  dryRun: boolean;
}

export type ApiVerb =
  'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection' | 'connect' | 'unknown';

/** A path or method that the gateway does not understand completely; it is refused, never guessed. */
export class UnreadableRequest extends Error {}

const SAFE_SEGMENT = /^[A-Za-z0-9._:~@!$&'()*+,;=-]+$/;
const DISCOVERY = /^\/(api|apis|openapi|version|healthz|livez|readyz)(\/|$)/;

/** @throws UnreadableRequest for relative, encoded-slash, empty-segment or non-ASCII paths. */
export function parseApiRequest(method: string, target: string): ApiRequest {
  const cut = target.indexOf('?');
  const path = cut < 0 ? target : target.slice(0, cut);
  const query = new URLSearchParams(cut < 0 ? '' : target.slice(cut + 1));
  const segments = pathSegments(path);
  const base = { method, path, query, dryRun: query.getAll('dryRun').join() === 'All' };
  const none = { group: '', version: '', resource: '', subresource: '', namespace: '', name: '' };

  const located = locate(segments);
  if (!located) {
    const kind = DISCOVERY.test(path) ? 'discovery' : 'other';
    return { ...base, ...none, kind, verb: method === 'GET' || method === 'HEAD' ? 'get' : 'unknown' };
  }
  return { ...base, ...located, kind: 'resource', verb: verbOf(method, located, query) };
}

function pathSegments(path: string): string[] {
  if (!path.startsWith('/')) throw new UnreadableRequest(`path is not absolute: ${path.slice(0, 80)}`);
  const segments = path.split('/').slice(1);
  if (segments.at(-1) === '') segments.pop();
  return segments.map((raw) => {
    let decoded: string;
    try {
      decoded = decodeURIComponent(raw);
    } catch {
      throw new UnreadableRequest('path is not valid percent-encoding');
    }
    if (decoded === '.' || decoded === '..' || !SAFE_SEGMENT.test(decoded)) {
      throw new UnreadableRequest(`path segment is not plain: ${printJson(decoded.slice(0, 40))}`);
    }
    return decoded;
  });
}

type Location = Pick<ApiRequest, 'group' | 'version' | 'resource' | 'subresource' | 'namespace' | 'name'> & {
  legacyWatch: boolean;
};

function locate(segments: string[]): Location | null {
  let rest: string[];
  let group = '';
  let version: string;
  if (segments[0] === 'api' && segments.length > 2) {
    version = segments[1]!;
    rest = segments.slice(2);
  } else if (segments[0] === 'apis' && segments.length > 3) {
    group = segments[1]!;
    version = segments[2]!;
    rest = segments.slice(3);
  } else return null;

  let legacyWatch = false;
  let legacyProxy = false;
  if (rest.length > 1 && (rest[0] === 'watch' || rest[0] === 'proxy')) {
    legacyWatch = rest[0] === 'watch';
    legacyProxy = rest[0] === 'proxy';
    rest = rest.slice(1);
  }
  let namespace = '';
  // `namespaces/NAME` and its own sub-resources are about the Namespace object; anything longer is inside it.
  if (rest[0] === 'namespaces' && rest.length > 2 && !['status', 'finalize'].includes(rest[2]!)) {
    namespace = rest[1]!;
    rest = rest.slice(2);
  }
  const [resource = '', name = '', ...sub] = rest;
  // A proxy path may go on after the sub-resource; only the first word decides.
  const subresource = legacyProxy ? 'proxy' : (sub[0] ?? '');
  if (sub.length > 1 && subresource !== 'proxy') {
    throw new UnreadableRequest(`path goes deeper than a sub-resource: ${subresource}`);
  }
  return { group, version, resource, subresource, namespace, name, legacyWatch };
}

function verbOf(method: string, location: Location, query: URLSearchParams): ApiVerb {
  if (['proxy', 'exec', 'attach', 'portforward'].includes(location.subresource)) return 'connect';
  const watching = location.legacyWatch || isTrue(query.get('watch'));
  switch (method) {
    case 'GET':
    case 'HEAD':
      // With a name and watch=true the server still answers a single object: the query is ignored there.
      if (location.legacyWatch) return 'watch';
      return location.name ? 'get' : watching ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return location.name ? 'delete' : 'deletecollection';
    default:
      return 'unknown';
  }
}

/** The API server takes everything but these as true. */
function isTrue(value: string | null): boolean {
  return value !== null && !['false', '0'].includes(value.toLowerCase());
}

export function groupVersion(request: Pick<ApiRequest, 'group' | 'version'>): string {
  return request.group ? `${request.group}/${request.version}` : request.version;
}

/** Path of the object or collection itself, without sub-resource and query. */
export function objectPath(
  at: Pick<ApiRequest, 'group' | 'version' | 'resource' | 'namespace'>,
  name: string,
  subresource = '',
): string {
  const root = at.group ? `/apis/${at.group}/${at.version}` : `/api/${at.version}`;
  const inside = at.namespace ? `/namespaces/${encodeURIComponent(at.namespace)}` : '';
  const tail = name ? `/${encodeURIComponent(name)}` : '';
  return `${root}${inside}/${at.resource}${tail}${subresource ? `/${subresource}` : ''}`;
}

/** `target` with the query replaced. */
export function withQuery(path: string, query: URLSearchParams): string {
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}
