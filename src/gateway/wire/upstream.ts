import type { Duplex, Readable } from 'node:stream';

/** One HTTP request to the API server. */
export interface UpstreamRequest {
  /** Upper case. */
  method: string;
  /** Absolute path with query, still percent-encoded: `/api/v1/pods?limit=1`. */
  path: string;
  /** Lower-case names. Never `authorization`, `host` or hop-by-hop headers: those belong to the implementation. */
  headers: Record<string, string>;
  body?: Buffer | Readable;
  /** Aborting closes the connection, also while the response body is being read. */
  signal?: AbortSignal;
}

export interface UpstreamResponse {
  status: number;
  /** Lower-case names; repeated headers are joined with `, `. */
  headers: Record<string, string>;
  /** Undecoded bytes as they arrive (watch and log responses never end by themselves). Must be consumed or destroyed. */
  body: Readable;
}

/** A request to use the connection for a stream in both directions from now on (WebSocket). */
export interface UpgradeRequest {
  /** Absolute path with query. */
  path: string;
  /** Lower-case names; those of the handshake belong to the caller, credentials to the implementation. */
  headers: Record<string, string>;
  /** What is started at the other end changes something: never sent without the writer lock. */
  changes: boolean;
  /** Ends waiting for the answer; the stream itself is the caller's. */
  signal?: AbortSignal;
}

export type UpgradeAnswer =
  | { upgraded: true; headers: Record<string, string>; socket: Duplex }
  /** The server answered like to any other request. */
  | { upgraded: false; response: UpstreamResponse };

/**
 * The API server, with the engineer's credential. Implementations are the only code that holds the credential; they
 * add it to every request, do not follow redirects, do not retry, and set no timeout on response bodies.
 */
export interface Upstream {
  /** Resolves for every HTTP status. Rejects with {@link UpstreamError} when there is no HTTP answer. */
  request(request: UpstreamRequest): Promise<UpstreamResponse>;
  /** Requests are about to come: opens a connection if none is open. Never rejects; nobody has to wait for it. */
  warmUp?(): Promise<void>;
  /** Never repeated. Rejects as {@link request}. Absent: there are no streams here. */
  upgrade?(request: UpgradeRequest): Promise<UpgradeAnswer>;
}

export type UpstreamFailure = 'unreachable' | 'credentials' | 'tls' | 'aborted';

/** No HTTP answer. */
export class UpstreamError extends Error {
  readonly failure: UpstreamFailure;
  /** True when the server may have received the request: a write then has an unknown outcome. */
  readonly maybeSent: boolean;

  constructor(failure: UpstreamFailure, message: string, maybeSent: boolean) {
    super(message);
    this.name = 'UpstreamError';
    this.failure = failure;
    this.maybeSent = maybeSent;
  }
}
