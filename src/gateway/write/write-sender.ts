import type { Clock } from '../../domain/clock.ts';
import { messageOf as errorText } from '../../domain/cluster-error.ts';
import type { KubeObject } from '../../domain/kube-object.ts';
import { goJson } from '../../json/go-json.ts';
import { withQuery } from '../wire/api-request.ts';
import type { Attribution } from './attribution.ts';
import { attribute } from './attribution.ts';
import type { FaultHook } from '../journal/fault-points.ts';
import { NO_ANSWER, returnedHeaders } from '../wire/forward.ts';
import type { IntentRecord } from '../journal/journal-records.ts';
import type { KubeApi } from '../wire/kube-api.ts';
import type { GatewayResponse } from '../wire/messages.ts';
import { jsonResponse, messageOf, parseObject, readAll, statusResponse } from '../wire/messages.ts';
import { isOtherConflict, isTransient, isWebhookFailure, Patience, retryAfter } from '../wire/patience.ts';
import type { Upstream } from '../wire/upstream.ts';
import { UpstreamError } from '../wire/upstream.ts';
import type { WriteSubject } from './write-subject.ts';

/** The server stores no object beyond 1.5 MiB or so; JSON makes it longer. */
const MAX_OBJECT = 64 << 20;

/** What became of a write, and what its client is told. */
export type Fate =
  /**
   * `after`: what the object is now as far as this answer tells; `status` 0: found out by looking. `copies`: the answer
   * to an earlier copy was lost, so that one may still be on its way.
   */
  | { fate: 'done'; status: number; after: KubeObject | null; copies: boolean; response: GatewayResponse }
  /** `status` 0: it never reached the server. */
  | { fate: 'rejected'; status: number; reason: string; response: GatewayResponse }
  | { fate: 'unknown'; reason: string; response: GatewayResponse };

export interface WriteSenderOptions {
  upstream: Upstream;
  /** For looking at what became of a write; outlasts short troubles by itself. */
  reads: KubeApi;
  manager: string;
  clock: Clock;
  mayWrite(): Promise<string | null>;
  crash: FaultHook;
  /** How long one write is sent again; less than the time after which the writer lock is given up. */
  patienceMs: number;
}

type Tried = { status: number; headers: Record<string, string>; bytes: Buffer } | { sent: boolean; reason: string };

/**
 * Sends one journalled write until its fate is known, for a while. Sending it again is safe because it is pinned to its
 * pre-image: of several copies the server can store only one. After a lost answer the object itself tells whether one was.
 */
export class WriteSender {
  readonly #options: WriteSenderOptions;

  constructor(options: WriteSenderOptions) {
    this.#options = options;
  }

  /** @param signal once it has fired the write is not sent again, only looked for */
  async send(subject: WriteSubject, intent: IntentRecord, signal: AbortSignal): Promise<Fate> {
    const patience = new Patience(this.#options.clock, this.#options.patienceMs);
    /** Why nobody knows whether an earlier copy was stored; empty while none can have been. */
    let lost = '';
    for (;;) {
      const tried = await this.#once(subject, intent);
      if ('status' in tried && tried.status < 300) return doneBy(tried, lost !== '');
      const message = 'status' in tried ? messageOf(tried.bytes) : tried.reason;
      const mayBeStored = 'status' in tried ? isServerError(tried.status, message) : tried.sent;
      const again = mayBeStored || isBusy(tried, message, subject);
      if (mayBeStored) lost = message;
      if (lost && (mayBeStored || !again)) {
        // A plain no to this copy may just mean that an earlier one was stored.
        const found = await this.#look(subject, intent);
        if (found.outcome === 'done') return this.#found(subject, found.after);
        if (found.outcome === 'unclear') return unknown(lost);
        if (!mayBeStored) return pinIsBroken(tried) ? rejected(tried, message) : unknown(lost);
        // An apply that finds an object merges into it: a second copy could write into what others made meanwhile.
        if (!subject.before && intent.method !== 'POST') return unknown(lost);
      }
      if (!again) return rejected(tried, message);
      const stop = await this.#wait(patience, 'headers' in tried ? retryAfter(tried.headers) : undefined, signal);
      if (stop !== null) return lost ? unknown(stop || lost) : rejected(tried, stop || message);
    }
  }

  /** Null to go on, else why not; empty when the time is up. */
  async #wait(patience: Patience, hintMs: number | undefined, signal: AbortSignal): Promise<string | null> {
    // Interrupted.
    const goOn = await patience.pause(hintMs, signal).catch(() => null);
    if (goOn === null) return 'the command was stopped';
    return goOn ? this.#options.mayWrite() : '';
  }

  async #once(subject: WriteSubject, intent: IntentRecord): Promise<Tried> {
    const { upstream, manager, crash } = this.#options;
    const body = subject.body.raw ?? (intent.body === null ? undefined : Buffer.from(goJson(intent.body)));
    try {
      const answer = await upstream.request({
        method: intent.method,
        path: withQuery(subject.target.path, subject.target.query),
        headers: { accept: 'application/json', 'content-type': intent.contentType, 'user-agent': manager },
        body,
      });
      crash('write.after-forward');
      const headers = returnedHeaders(answer.headers);
      delete headers['content-length'];
      return { status: answer.status, headers, bytes: await readAll(answer.body, MAX_OBJECT) };
    } catch (error) {
      return { sent: !(error instanceof UpstreamError) || error.maybeSent, reason: errorText(error) };
    }
  }

  async #look(subject: WriteSubject, intent: IntentRecord): Promise<Attribution> {
    const { reads, manager } = this.#options;
    // No answer leaves it unclear, below.
    const answer = await reads.send('GET', subject.path).catch(() => null);
    if (answer?.status !== 200 && answer?.status !== 404) return { outcome: 'unclear', reason: 'it cannot be read' };
    return attribute(intent, answer.status === 200 ? answer.object : null, manager);
  }

  /** Answers the client as the server would have. */
  async #found({ verb, subresource, target }: WriteSubject, after: KubeObject | null): Promise<Fate> {
    // The client gets the object itself.
    const shown = subresource === 'scale' ? await this.#options.reads.send('GET', target.path).catch(() => null) : null;
    const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' };
    const response = jsonResponse(verb === 'create' || verb === 'evict' ? 201 : 200, shown?.object ?? after ?? success);
    return { fate: 'done', status: 0, after, copies: true, response };
  }
}

/** A server error says nothing about whether the write was stored; that a webhook could not be called says it was not. */
function isServerError(status: number, message: string): boolean {
  return status >= 500 && !isWebhookFailure(status, message);
}

/** Not stored, and worth another try. A refused eviction is an answer: a disruption budget stands against it. */
function isBusy(tried: Tried, message: string, { verb }: WriteSubject): boolean {
  if (!('status' in tried)) return !tried.sent;
  if (verb === 'create' && isOtherConflict(tried.status, parseObject(tried.bytes))) return true;
  return isTransient(tried.status, message) && !(tried.status === 429 && verb === 'evict');
}

/** The object moved on or is gone: no copy can be stored any more. */
function pinIsBroken(tried: Tried): boolean {
  return 'status' in tried && [404, 409, 422].includes(tried.status);
}

function doneBy({ status, headers, bytes }: Extract<Tried, { status: number }>, copies: boolean): Fate {
  return { fate: 'done', status, after: parseObject(bytes), copies, response: { status, headers, body: bytes } };
}

function rejected(tried: Tried, reason: string): Fate {
  if (!('status' in tried)) {
    return { fate: 'rejected', status: 0, reason, response: statusResponse(502, `${NO_ANSWER}${reason}`) };
  }
  const { status, headers, bytes } = tried;
  return { fate: 'rejected', status, reason, response: { status, headers, body: bytes } };
}

function unknown(reason: string): Fate {
  return { fate: 'unknown', reason, response: statusResponse(504, `the answer to this write was lost: ${reason}`) };
}
