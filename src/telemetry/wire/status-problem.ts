import { oneLine } from '../../text/plain-text.ts';
import { untrustedLine } from '../../text/redact.ts';
import type { FetchAnswer } from './fetcher.ts';
import type { ProblemKind } from './source-problem.ts';
import { SourceProblem } from './source-problem.ts';

/** A source is left alone for this long at most, whatever it asks for. */
const LONGEST_WAIT_MS = 10 * 60_000;
/** Where it asks to be left alone without saying for how long. */
const USUAL_WAIT_MS = 15_000;
const MOST_WORDS = 200;

export interface Asker {
  /** Path that was asked for. */
  path: string;
  hasCredentials: boolean;
  conceal(text: string): string;
  /** Milliseconds since the epoch. */
  now: number;
}

/** What an HTTP status that is no answer means to who asked. */
export function statusProblem({ status, headers, body }: FetchAnswer, asker: Asker): SourceProblem {
  const said = wordsOf(body, asker);
  const problem = (kind: ProblemKind, text: string, waitMs?: number) =>
    new SourceProblem(kind, `${text}${said ? ` (it says: ${said})` : ''}`, waitMs === undefined ? {} : { waitMs });
  if (status === 401)
    return problem(
      'unauthorized',
      asker.hasCredentials ? 'refuses the credentials: renew or correct them' : 'wants credentials: configure them',
    );
  if (status === 403) return problem('forbidden', 'forbids the question: check the rights of whom it is asked as');
  if (status === 404 || status === 405 || status === 501)
    return problem('missing', `has no ${oneLine(asker.path, 100)}: check its address and base path`);
  if (status === 429) {
    const waitMs = waitOf(headers['retry-after'], asker.now) ?? USUAL_WAIT_MS;
    return problem('limited', `takes no more questions now: ask again in ${Math.ceil(waitMs / 1000)} s`, waitMs);
  }
  if (status >= 500) {
    const waitMs = waitOf(headers['retry-after'], asker.now);
    return problem('server', `answers with HTTP ${status}: see its log`, waitMs ?? undefined);
  }
  return problem('refused', `does not take the question (HTTP ${status})`);
}

/** `Retry-After`: seconds or a date (RFC 9110, 10.2.3). */
function waitOf(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  const text = header.trim();
  const isDate = /^[A-Za-z]{3,9}, /.test(text);
  const seconds = isDate ? (Date.parse(text) - now) / 1000 : /^\d{1,9}(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(seconds)) return null;
  return Math.min(LONGEST_WAIT_MS, Math.max(0, seconds * 1000));
}

/** One line of what the source says itself; pages of proxies say nothing. */
function wordsOf(body: string, { conceal }: Asker): string {
  const text = body.slice(0, 10_000).trim();
  if (text === '' || text.startsWith('<')) return '';
  const clean = untrustedLine(conceal(inJson(text) ?? text), MOST_WORDS);
  // White space and signs that do not show may have stood inside of a secret.
  return conceal(clean);
}

/** Prometheus, Alertmanager, Loki, Jaeger (`error.message`, `errors[].msg`), AWS. */
function inJson(text: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Plain text.
    return null;
  }
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return null;
  const { error, message, Message, errors } = value as Record<string, unknown>;
  const first = Array.isArray(errors) ? (errors[0] as { msg?: unknown } | null)?.msg : undefined;
  const inner = typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : error;
  const found = [inner, message, Message, first].find((one) => typeof one === 'string');
  return typeof found === 'string' ? found : '';
}
