import { apiStatus } from '../../json/api-status.ts';
import { oneLine } from '../../text/plain-text.ts';
import type { ServiceUrl } from '../../text/service-url.ts';
import { serviceProxyPath } from '../../text/service-url.ts';
import { connectionProblem } from './connection-problem.ts';
import type { FetchAnswer, Fetcher, FetchRequest } from './fetcher.ts';
import { encodePairs } from './fetcher.ts';
import { readBody } from './read-body.ts';
import { SourceProblem } from './source-problem.ts';

/**
 * One GET at the API server, let through by the gateway's probe mode.
 * @param path absolute, with query. @param headers lower case; no credentials, those are the cluster's
 */
export type ClusterGet = (
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<{ status: number; headers: Readonly<Record<string, string>>; body: AsyncIterable<Uint8Array> }>;

/** Asks a Service of the cluster through the API server's service proxy. */
export class ProxyFetcher implements Fetcher {
  readonly place: string;
  readonly page: string | null;
  readonly canPost = false;
  readonly hasCredentials = false;
  readonly #service: ServiceUrl;
  readonly #get: ClusterGet;
  readonly #headers: Readonly<Record<string, string>>;

  /**
   * @param service its path is the base path
   * @param headers sent with each question, lower case (a tenant)
   * @param page where people look at the same; null: nowhere
   */
  constructor(
    service: ServiceUrl,
    get: ClusterGet,
    headers: Readonly<Record<string, string>> = {},
    page: string | null = null,
  ) {
    this.#service = service;
    this.#get = get;
    this.#headers = headers;
    this.page = page;
    this.place = `in ${service.namespace}`;
  }

  conceal(text: string): string {
    return text;
  }

  async fetch(request: FetchRequest): Promise<FetchAnswer> {
    const { path, query = [], accept, signal, maxBytes } = request;
    if (request.body) throw new SourceProblem('refused', 'is only read through the cluster: the question is too long');
    const base = this.#service.path.split('?')[0]!.replace(/\/+$/, '');
    const tail = query.length > 0 ? `?${encodePairs(query)}` : '';
    const whole = serviceProxyPath({ ...this.#service, path: `${base}${path}${tail}` });
    let answer;
    try {
      answer = await this.#get(whole, { ...this.#headers, ...request.headers, accept }, signal);
    } catch (error) {
      if (signal.aborted) throw connectionProblem(error, signal);
      // The API server is not reached: who asked it says why.
      const why = oneLine(error instanceof Error ? error.message : error, 300);
      throw new SourceProblem('unreachable', `cannot be reached: ${why}`, { cause: error });
    }
    const { status, headers } = answer;
    const body = await readBody(answer.body, headers['content-length'], maxBytes, signal);
    if (status >= 300 && status < 400)
      throw new SourceProblem('not-understood', 'sends requests on: configure the final address');
    this.#judgeApiServer(status, body);
    return { status, headers, body };
  }

  /** @throws SourceProblem where the API server itself answered, not the Service */
  #judgeApiServer(status: number, body: string): void {
    const spoken = status >= 400 ? apiStatus(body) : null;
    // Too many requests are too many, whoever counts them.
    if (!spoken || status === 429) return;
    const { namespace, service, port } = this.#service;
    const said = oneLine(spoken.message ?? spoken.reason ?? `HTTP ${status}`, 200);
    const problem = (kind: 'forbidden' | 'unreachable', advice: string) =>
      new SourceProblem(kind, `cannot be reached: ${advice} (the API server says: ${said})`);
    if (status === 401 || status === 403)
      throw problem('forbidden', `your user may not get services/proxy in ${namespace}; have that granted`);
    if (status === 404) throw problem('unreachable', `there is no Service ${service} in ${namespace}`);
    if (/^no (endpoints available for service|service port)/.test(spoken.message ?? ''))
      throw problem('unreachable', `nothing serves port ${port} of Service ${service}; see its pods`);
    throw problem('unreachable', `the API server does not get through to Service ${service}`);
  }
}
