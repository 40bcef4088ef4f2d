import aws4 from 'aws4';
import { Credentials } from '../wire/credentials.ts';
import { DirectFetcher } from '../wire/direct-fetcher.ts';
import type { FetchAnswer, Fetcher, FetchRequest } from '../wire/fetcher.ts';
import type { AwsPlace, AwsService } from './aws-place.ts';

/** Asks a service of AWS, each question signed (Signature Version 4). */
export class AwsFetcher implements Fetcher {
  readonly place: string;
  readonly page: string | null;
  readonly canPost = true;
  readonly hasCredentials = true;
  readonly #service: AwsService;
  readonly #at: AwsPlace;
  readonly #direct: DirectFetcher;
  readonly #theirNow: () => number;
  readonly #secrets = new Set<string>();

  /** @param theirNow milliseconds since the epoch on AWS's clock: it refuses signatures that are minutes off */
  constructor(service: AwsService, at: AwsPlace, theirNow: () => number) {
    this.#service = service;
    this.#at = at;
    this.#direct = new DirectFetcher({ url: at.url, credentials: new Credentials(null) });
    this.#theirNow = theirNow;
    this.place = `in ${at.region}`;
    this.page = at.console;
  }

  conceal(text: string): string {
    return [...this.#secrets].reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text);
  }

  async fetch(request: FetchRequest): Promise<FetchAnswer> {
    const { accessKeyId, secretAccessKey, sessionToken } = await this.#at.credentials.keys(request.signal);
    for (const secret of [accessKeyId, secretAccessKey, sessionToken])
      if (secret && secret.length > 3) this.#secrets.add(secret);
    const { host, pathname } = this.#at.url;
    const { headers } = aws4.sign(
      {
        host,
        path: `${pathname.replace(/\/+$/, '')}${request.path}`,
        method: 'POST',
        service: this.#service,
        region: this.#at.region,
        headers: {
          ...request.headers,
          'Content-Type': request.body?.type ?? '',
          'X-Amz-Date': new Date(this.#theirNow()).toISOString().replace(/[:-]|\.\d{3}/g, ''),
        },
        body: request.body?.text ?? '',
      },
      { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
    );
    const signed = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]);
    return this.#direct.fetch({ ...request, headers: Object.fromEntries(signed) as Record<string, string> });
  }
}
