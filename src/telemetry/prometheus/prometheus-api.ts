import * as z from 'zod/mini';
import { asText } from '../../text/plain-text.ts';
import { untrustedLine } from '../../text/redact.ts';
import type { Pairs } from '../wire/fetcher.ts';
import { encodePairs } from '../wire/fetcher.ts';
import type { Reply, SourceClient } from '../wire/source-client.ts';
import { parsed, understood } from '../wire/source-client.ts';
import { SourceProblem } from '../wire/source-problem.ts';

/** Every answer of the API is wrapped alike: https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview */
const ENVELOPE = z.object({
  status: z.enum(['success', 'error']),
  data: z.optional(z.unknown()),
  error: z.optional(z.unknown()),
  warnings: z.optional(z.nullable(z.array(z.unknown()))),
  infos: z.optional(z.nullable(z.array(z.unknown()))),
});

/** Longer questions go as a form where that can be: addresses have limits on their way. */
const LONGEST_QUERY = 2_000;
const MOST_REMARKS = 3;

export interface PrometheusReply<T> extends Reply {
  value: T;
  /** What is missing in it, as the server says. */
  warning?: string;
  /** What else it says about the question. */
  info?: string;
}

/**
 * One question to what speaks the API of Prometheus.
 * @throws SourceProblem
 */
export async function askPrometheus<T>(
  client: SourceClient,
  path: string,
  pairs: Pairs,
  data: z.ZodMiniType<T>,
  signal: AbortSignal,
): Promise<PrometheusReply<T>> {
  const text = encodePairs(pairs);
  const asForm = text.length > LONGEST_QUERY && client.fetcher.canPost;
  const reply = await client.ask({
    path,
    ...(asForm ? { body: { type: 'application/x-www-form-urlencoded', text } } : { query: pairs }),
    signal,
  });
  const envelope = understood(ENVELOPE, parsed(reply.body));
  if (envelope.status === 'error')
    throw new SourceProblem('refused', `does not take the question (it says: ${remark(client, envelope.error)})`);
  const warning = remarks(client, envelope.warnings);
  const info = remarks(client, envelope.infos);
  return {
    ...reply,
    value: understood(data, envelope.data),
    ...(warning ? { warning } : {}),
    ...(info ? { info } : {}),
  };
}

function remarks(client: SourceClient, list: readonly unknown[] | null | undefined): string {
  return (list ?? [])
    .slice(0, MOST_REMARKS)
    .map((one) => remark(client, one))
    .join('; ');
}

function remark(client: SourceClient, text: unknown): string {
  return client.fetcher.conceal(untrustedLine(client.fetcher.conceal(asText(text)), 150));
}
