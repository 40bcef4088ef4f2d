import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import type { Json } from '../../json/json.ts';
import { refKey, refLabel } from '../../domain/kube-object.ts';
import { cloneJson, printJson } from '../../json/lossless-json.ts';
import type { Acceptance, RehearsedWrite } from '../../domain/transaction.ts';
import { blankSecret } from '../../undo/difference.ts';
import type { ApiRequest } from '../wire/api-request.ts';
import { failed, passThrough } from '../wire/forward.ts';
import type { GatewayRequest, GatewayResponse, Handler } from '../wire/messages.ts';
import { answerResponse, jsonResponse, messageOf, notFound, readAll, statusResponse } from '../wire/messages.ts';
import type { Refusal } from './monitor.ts';
import { refusalResponse, screen, streamRefusal } from './monitor.ts';
import type { Verdict } from '../content/verdict.ts';
import type { SecretVeil } from '../secrets/secret-veil.ts';
import type { Upstream } from '../wire/upstream.ts';
import { readWriteBody, UnreadableBody } from '../wire/write-body.ts';
import { predictionKey } from '../write/prediction-key.ts';
import type { Earlier } from '../write/content-reader.ts';
import type { WriteInspector } from '../write/write-inspector.ts';
import type { WriteSubject } from '../write/write-subject.ts';
import { NeedsAcceptance, patchMethod, Refused, Rejected } from '../write/write-subject.ts';

/**
 * What earlier rehearsed writes would have left: objects by API path, null where one would be gone. Lets a command (or
 * a later command of the plan) see its own deletions, on which kubectl waits.
 */
export type Overlay = Map<string, KubeObject | null>;

/** What came before the command that is rehearsed. */
export interface Past {
  overlay: Overlay;
  /** What the transaction that it is part of has written. */
  written: Earlier['written'];
  /** Whether that transaction created the object as it is now. */
  createdHere(ref: ObjectRef, now: KubeObject | null): boolean;
}

export const nothingBefore = (): Past => ({ overlay: new Map(), written: [], createdHere: () => false });

/**
 * Rehearse mode: every write is sent with dryRun=All added here, so that no spelling of a command can write, and its
 * undo is forecast. One instance per command; the overlay is shared by the commands of a plan.
 */
export class RehearsalMonitor implements Handler {
  readonly writes: RehearsedWrite[] = [];
  readonly refusals: Refusal[] = [];
  /** What the refused writes would have needed. */
  readonly needs = new Set<Acceptance>();
  /** Results by request, for the journal mode of the same step. */
  readonly predictions = new Map<string, KubeObject | null>();
  readonly #upstream: Upstream;
  readonly #inspector: WriteInspector;
  readonly #veil: SecretVeil;
  readonly #overlay: Overlay;
  readonly #past: Past;
  readonly #written: Array<{ path: string; before: KubeObject | null; after: KubeObject | null }> = [];

  constructor(upstream: Upstream, inspector: WriteInspector, veil: SecretVeil, past: Past) {
    this.#upstream = upstream;
    this.#inspector = inspector;
    this.#veil = veil;
    this.#past = past;
    this.#overlay = past.overlay;
  }

  readonly refuseStream = (method: string, path: string): void => void this.refusals.push(streamRefusal(method, path));

  async handle(request: GatewayRequest): Promise<GatewayResponse> {
    const screened = screen('rehearse', request, {}, (refusal) => this.refusals.push(refusal));
    if ('response' in screened) return screened.response;
    const { parsed, verdict } = screened;
    const refuse = (rule: string, reason: string) => {
      this.refusals.push({ rule, reason, method: request.method, path: parsed.path });
      return refusalResponse(rule, reason);
    };
    return this.#veil.pass(request, parsed, (real) => this.#handleReal(real, parsed, verdict), refuse);
  }

  async #handleReal(request: GatewayRequest, parsed: ApiRequest, verdict: Verdict): Promise<GatewayResponse> {
    if (verdict.action === 'write') return this.#rehearse(request, parsed);
    if (parsed.verb === 'get' && this.#overlay.has(parsed.path)) {
      const object = this.#overlay.get(parsed.path);
      return object ? jsonResponse(200, object) : notFound(parsed.path);
    }
    return passThrough(this.#upstream, request);
  }

  async #rehearse(request: GatewayRequest, parsed: ApiRequest): Promise<GatewayResponse> {
    try {
      const body = readWriteBody(request.headers['content-type'], await readAll(request.body));
      const subject = await this.#inspector.subject(parsed, body);
      const gone = this.#overlay.get(subject.path) === null;
      const applying = body.form === 'apply';
      if (subject.verb !== 'create' && !applying && (!subject.before || gone)) {
        return statusResponse(404, `${refLabel(subject.ref)} not found`);
      }
      const assess = (after: KubeObject | null) =>
        this.#inspector.assess(subject, after, (ref) => this.#isCreatedHere(ref, subject.before), true, {
          rehearsed: this.#overlay,
          written: [...this.#past.written, ...this.#written],
        });
      // What may never be deleted is not even asked about.
      const removing = subject.verb === 'delete' || subject.verb === 'evict' ? await assess(null) : null;
      const { response, after } = await this.#dryRun(subject, gone);
      if (response.status >= 300) return response;
      const assessed = removing ?? (await assess(after));
      this.predictions.set(predictionKey(subject), after);
      const method = subject.verb === 'delete' ? 'DELETE' : subject.verb === 'update' ? patchMethod(body) : 'POST';
      this.writes.push({
        ref: subject.ref,
        method,
        ...(subject.subresource ? { subresource: subject.subresource } : {}),
        before: subject.before && blankSecret(subject.before),
        after: after && blankSecret(after, subject.before),
        undo: assessed.forecast,
      });
      this.#overlay.set(subject.path, after);
      this.#written.push({ path: subject.path, before: subject.before, after });
      return response;
    } catch (error) {
      if (error instanceof Refused || error instanceof UnreadableBody) {
        const rule = error instanceof Refused ? error.rule : 'encoding';
        if (error instanceof NeedsAcceptance) for (const need of error.needs) this.needs.add(need);
        this.refusals.push({ rule, reason: error.message, method: request.method, path: parsed.path });
        return refusalResponse(rule, error.message);
      }
      if (error instanceof Rejected) return answerResponse(error.answer);
      return failed(error);
    }
  }

  #isCreatedHere(ref: ObjectRef, now: KubeObject | null): boolean {
    const rehearsed = this.writes.some((write) => refKey(write.ref) === refKey(ref) && write.before === null);
    return rehearsed || this.#past.createdHere(ref, now);
  }

  async #dryRun(
    subject: WriteSubject,
    replacing: boolean,
  ): Promise<{ response: GatewayResponse; after: KubeObject | null }> {
    const namespaceToCome = subject.ref.namespace
      ? this.#overlay.get(`/api/v1/namespaces/${subject.ref.namespace}`)
      : null;
    if (subject.verb === 'create' && namespaceToCome) {
      // The server cannot rehearse inside a namespace that an earlier command will create.
      const { apiVersion, kind } = subject.ref;
      const after = { ...(subject.body.value as unknown as KubeObject), apiVersion, kind };
      after.metadata = { ...after.metadata, namespace: subject.ref.namespace };
      return { response: jsonResponse(201, after), after };
    }
    const answer = await this.#inspector.dryRun(subject);
    if (answer.status === 409 && subject.verb === 'create' && replacing) return this.#dryRunReplacement(subject);
    const headers = { 'content-type': 'application/json' };
    const bytes = Buffer.from(printJson(answer.object ?? {}));
    if (answer.status >= 300) {
      return {
        response: answer.object
          ? { status: answer.status, headers, body: bytes }
          : statusResponse(answer.status, messageOf(bytes)),
        after: null,
      };
    }
    return {
      response: { status: answer.status, headers, body: bytes },
      after: this.#inspector.afterImage(subject, answer.object),
    };
  }

  /** The object of that name is still there, only rehearsed as deleted: its successor is tried under another name. */
  async #dryRunReplacement(subject: WriteSubject): Promise<{ response: GatewayResponse; after: KubeObject | null }> {
    const object = cloneJson(subject.body.value) as unknown as KubeObject;
    object.metadata.name = `${subject.ref.name.slice(0, 50)}-rehearsal`;
    const answer = await this.#inspector.dryRun({
      ...subject,
      body: { ...subject.body, value: object as unknown as Json },
    });
    if (answer.status >= 300 || !answer.object) {
      return {
        response: statusResponse(answer.status, answer.message.replaceAll(object.metadata.name, subject.ref.name)),
        after: null,
      };
    }
    const after = { ...answer.object, metadata: { ...answer.object.metadata, name: subject.ref.name } };
    return { response: jsonResponse(answer.status, after), after };
  }
}
