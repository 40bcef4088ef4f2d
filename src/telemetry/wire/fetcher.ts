/** Names and values as they stand in a query or a form, not yet encoded. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** One question to a source. Nothing that is asked changes anything there. */
export interface FetchRequest {
  /** Below the base path of the source: begins with a slash, percent-encoded. */
  path: string;
  query?: Pairs;
  /** Sent with POST; only where {@link Fetcher.canPost}. */
  body?: { type: string; text: string };
  /** Of this question alone, lower case. */
  headers?: Readonly<Record<string, string>>;
  /** Media type. */
  accept: string;
  signal: AbortSignal;
  /** An answer that is longer is none. */
  maxBytes: number;
}

export interface FetchAnswer {
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** How a source is reached. Implementations are the only code that holds its credentials. */
export interface Fetcher {
  /** Follows the name of what answers there: `in monitoring`, `at prom.example.com:9090`. Nothing secret is in it. */
  readonly place: string;
  /** Address below which people find its pages, without a slash at the end; null where only the cluster leads there. */
  readonly page: string | null;
  readonly canPost: boolean;
  readonly hasCredentials: boolean;
  /**
   * Resolves for every HTTP status but redirects, which are followed within the same host or refused.
   * @throws SourceProblem where there is no HTTP answer
   */
  fetch(request: FetchRequest): Promise<FetchAnswer>;
  /** The text without the credentials, should the source have repeated them. */
  conceal(text: string): string;
}

export function encodePairs(pairs: Pairs): string {
  return new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString();
}
