import type * as z from 'zod/mini';
import { untrustedLine } from '../../text/redact.ts';
import type { Reply, SourceClient } from '../wire/source-client.ts';
import { parsed, understood } from '../wire/source-client.ts';
import type { ProblemKind } from '../wire/source-problem.ts';
import { isProblem, SourceProblem } from '../wire/source-problem.ts';
import type { AwsCredentials } from './aws-credentials.ts';
import type { AwsPlace, AwsService } from './aws-place.ts';

/** AWS JSON 1.0 and 1.1: https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html */
const PROTOCOLS: Readonly<Record<AwsService, { target: string; type: string }>> = {
  monitoring: { target: 'GraniteServiceVersion20100801', type: 'application/x-amz-json-1.0' },
  logs: { target: 'Logs_20140328', type: 'application/x-amz-json-1.1' },
};
/** Refusals are told with these statuses and a code in the body. */
const REFUSALS = [400, 403, 500, 503];
const PAUSES_MS = [500, 2_000];

const LIMITED = /Throttl|RequestLimitExceeded|TooManyRequests|LimitExceeded|SlowDown/;
const EXPIRED = /ExpiredToken|RequestExpired/;
const WRONG_TIME = /RequestTimeTooSkewed|InvalidSignature|SignatureDoesNotMatch/;
const WRONG_KEYS =
  /UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|MissingAuthenticationToken|IncompleteSignature|AuthFailure/;

type AsWhom = Pick<AwsPlace, 'region' | 'credentials'>;

/** One service of AWS: repeats what is throttled, renews credentials that expired. */
export class AwsCaller {
  readonly client: SourceClient;
  readonly region: string;
  readonly #service: AwsService;
  readonly #credentials: AwsCredentials;

  /** @param client whose fetcher signs what it sends */
  constructor(client: SourceClient, service: AwsService, { region, credentials }: AsWhom) {
    this.client = client;
    this.region = region;
    this.#service = service;
    this.#credentials = credentials;
  }

  /** @throws SourceProblem */
  async call<T>(
    action: string,
    input: object,
    schema: z.ZodMiniType<T>,
    signal: AbortSignal,
  ): Promise<Reply & { value: T }> {
    let renewed = false;
    for (let pauses = 0; ;) {
      const reply = await this.#send(action, input, signal);
      if (reply.status >= 200 && reply.status < 300) return { ...reply, value: understood(schema, parsed(reply.body)) };
      const { code, problem } = this.#refusal(reply, action);
      if (!renewed && (EXPIRED.test(code) || WRONG_TIME.test(code))) {
        // By now the difference of the clocks is known, and others may have renewed what is kept here.
        renewed = true;
        this.#credentials.forget();
        continue;
      }
      const pause = isProblem(problem, 'limited', 'server') ? PAUSES_MS[pauses++] : undefined;
      if (pause === undefined) throw problem;
      await this.client.clock.sleep(pause, signal);
    }
  }

  #send(action: string, input: object, signal: AbortSignal): Promise<Reply> {
    const { target, type } = PROTOCOLS[this.#service];
    return this.client.ask({
      path: '/',
      body: { type, text: JSON.stringify(input) },
      headers: { 'x-amz-target': `${target}.${action}` },
      statuses: REFUSALS,
      signal,
    });
  }

  #refusal({ status, body, headers }: Reply, action: string): { code: string; problem: SourceProblem } {
    const { __type, code: plain, message, Message } = errorOf(body);
    const type = headers['x-amzn-errortype'] ?? (typeof __type === 'string' ? __type : String(plain ?? ''));
    const code = /([A-Za-z]{1,60})(?::|$)/.exec(type.replace(/^.*#/, ''))?.[1] ?? '';
    const words = this.client.fetcher.conceal(
      untrustedLine(this.client.fetcher.conceal(String(message ?? Message ?? '')), 160),
    );
    const said = words || code;
    const [kind, text] = meaning(status, code, action);
    return { code, problem: new SourceProblem(kind, `${text}${said ? ` (it says: ${said})` : ''}`) };
  }
}

function meaning(status: number, code: string, action: string): [ProblemKind, string] {
  if (LIMITED.test(code)) return ['limited', 'takes no more questions now: ask again later'];
  if (EXPIRED.test(code))
    return ['unauthorized', 'says that the credentials have expired: run aws sso login, or renew them'];
  if (WRONG_TIME.test(code))
    return ['unauthorized', 'refuses the signature: check the secret key, and the clock of this machine'];
  if (WRONG_KEYS.test(code)) return ['unauthorized', 'refuses the credentials: check the keys and the region'];
  if (/AccessDenied|NotAuthorized|OptInRequired/.test(code) || status === 403)
    return ['forbidden', `does not allow ${action}: have that granted`];
  if (/ResourceNotFound/.test(code)) return ['missing', 'has nothing of that name'];
  if (status >= 500) return ['server', `answers with HTTP ${status}: see the status of AWS`];
  return ['refused', `does not take the question ${action}`];
}

function errorOf(body: string): Record<string, unknown> {
  try {
    const value = JSON.parse(body) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // XML, or a page of a proxy: the status says enough.
    return {};
  }
}
