import http from 'node:http';
import https from 'node:https';
import { hostOf } from '../../text/host-reach.ts';
import { oneLine } from '../../text/plain-text.ts';
import { connectionProblem } from './connection-problem.ts';
import type { Credentials } from './credentials.ts';
import type { FetchAnswer, Fetcher, FetchRequest } from './fetcher.ts';
import { encodePairs } from './fetcher.ts';
import { readBody } from './read-body.ts';
import { SourceProblem } from './source-problem.ts';

export interface DirectOptions {
  /** http or https, without user, query and fragment. Its path is the base path. */
  url: URL;
  credentials: Credentials;
  /** Sent with each question, lower case. Neither hop-by-hop headers nor `authorization`. */
  headers?: Readonly<Record<string, string>>;
  /** Certificates (PEM) of the only authorities that are trusted; default: the machine's. Never read for http. */
  authority?: () => Promise<string>;
  /** Where people look at the same; default: `url`. Null: nowhere. */
  page?: string | null;
}

const MOST_REDIRECTS = 3;
/** Each that fails is one less that is kept. */
const MOST_STALE = 20;

/** Asks a URL from this machine. Certificates are always checked: one that signed itself is its own authority. */
export class DirectFetcher implements Fetcher {
  readonly place: string;
  readonly page: string | null;
  readonly canPost = true;
  readonly #options: DirectOptions;

  constructor(options: DirectOptions) {
    const { url, page } = options;
    this.#options = options;
    this.place = `at ${oneLine(url.host, 100)}`;
    this.page = page === undefined ? `${url.origin}${url.pathname}`.replace(/\/+$/, '') : page;
  }

  get hasCredentials(): boolean {
    return this.#options.credentials.any;
  }

  conceal(text: string): string {
    return this.#options.credentials.conceal(text);
  }

  async fetch(request: FetchRequest): Promise<FetchAnswer> {
    const { signal } = request;
    const authorization = await this.#options.credentials.header();
    const authority = await this.#options.authority?.();
    let url = this.#urlOf(request);
    for (let hops = 0; ; hops++) {
      const response = await this.#sent(url, request, authorization, authority);
      const status = response.statusCode ?? 0;
      const headers = joined(response.headers);
      if (!isRedirect(status)) {
        return { status, headers, body: await readBody(response, headers['content-length'], request.maxBytes, signal) };
      }
      response.destroy();
      url = followed(url, headers.location, request, hops);
    }
  }

  #urlOf({ path, query = [] }: FetchRequest): URL {
    const url = new URL(this.#options.url);
    url.pathname = url.pathname.replace(/\/+$/, '') + path;
    url.search = query.length > 0 ? encodePairs(query) : '';
    return url;
  }

  async #sent(
    url: URL,
    request: FetchRequest,
    authorization: string | null,
    authority: string | undefined,
  ): Promise<http.IncomingMessage> {
    for (let tries = 0; ; tries++) {
      const sending = this.#send(url, request, authorization, authority);
      try {
        return await sending.answer;
      } catch (error) {
        // A connection that was kept open may have been closed meanwhile: that says nothing about the source.
        const { code } = error as NodeJS.ErrnoException;
        const isStale = sending.request.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE');
        if (!isStale || tries === MOST_STALE || request.signal.aborted) throw connectionProblem(error, request.signal);
      }
    }
  }

  #send(url: URL, request: FetchRequest, authorization: string | null, authority: string | undefined) {
    const { body, accept, signal } = request;
    const options: https.RequestOptions = {
      method: body ? 'POST' : 'GET',
      signal,
      headers: {
        'user-agent': 'stratus',
        'accept-encoding': 'identity',
        ...this.#options.headers,
        ...request.headers,
        accept,
        ...(body ? { 'content-type': body.type, 'content-length': Buffer.byteLength(body.text) } : {}),
        ...(authorization === null ? {} : { authorization }),
      },
      ...(authority === undefined ? {} : { ca: authority }),
    };
    const sent = (url.protocol === 'https:' ? https : http).request(url, options);
    const answer = new Promise<http.IncomingMessage>((resolve, reject) => {
      sent.on('response', resolve);
      sent.on('error', reject);
    });
    sent.end(body?.text);
    return { request: sent, answer };
  }
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** @throws SourceProblem unless it leads to the same host, no less safely */
function followed(from: URL, location: string | undefined, request: FetchRequest, hops: number): URL {
  const to = location === undefined ? null : URL.parse(location, from.href);
  const onwards = () => new SourceProblem('not-understood', 'sends requests on: configure the final address');
  if (!to || hops >= MOST_REDIRECTS) throw onwards();
  const samePlace = to.origin === from.origin;
  const safer = from.protocol === 'http:' && to.protocol === 'https:' && hostOf(to) === hostOf(from);
  if (samePlace || safer) {
    // What was sent is not sent twice.
    if (request.body) throw onwards();
    return to;
  }
  throw new SourceProblem(
    'not-understood',
    `sends requests on to ${oneLine(to.host, 100)}, a login page perhaps: configure the final address and credentials`,
  );
}

function joined(headers: http.IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}
