import type { Clock } from '../../domain/clock.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import { sameJson } from '../../json/same-json.ts';
import { normalise } from '../../undo/normalise.ts';
import { KubeApi } from '../wire/kube-api.ts';
import type { ApiRequest } from '../wire/api-request.ts';
import type { FaultHook } from '../journal/fault-points.ts';
import { withForecast } from './forecast-warning.ts';
import { failed, passThrough } from '../wire/forward.ts';
import type { LossWatch } from '../inventory/loss-watch.ts';
import type { IntentRecord } from '../journal/journal-records.ts';
import type { OpenJournal } from '../journal/open-journal.ts';
import type { GatewayRequest, GatewayResponse, Handler } from '../wire/messages.ts';
import { answerResponse, readAll, statusResponse } from '../wire/messages.ts';
import type { Refusal } from './monitor.ts';
import { refusalResponse, screen, streamRefusal } from './monitor.ts';
import { LastReads } from '../write/last-reads.ts';
import { onlyStatusMoved } from '../write/pin.ts';
import { predictionKey } from '../write/prediction-key.ts';
import type { Verdict } from '../content/verdict.ts';
import { passAsUpstream } from '../wire/raw-access.ts';
import type { SecretVeil } from '../secrets/secret-veil.ts';
import type { Upstream } from '../wire/upstream.ts';
import { readWriteBody, UnreadableBody } from '../wire/write-body.ts';
import type { Assessment, WriteInspector } from '../write/write-inspector.ts';
import { MAX_PINS } from '../write/write-inspector.ts';
import { bodyAsksDryRun } from '../write/write-query.ts';
import { WriteRecord } from '../write/write-record.ts';
import { WriteSender } from '../write/write-sender.ts';
import type { WriteSubject } from '../write/write-subject.ts';
import { mayBeRace, Refused, Rejected } from '../write/write-subject.ts';

/** Before a write that lost a race is pinned anew; longer with each time. */
const PIN_PAUSE_MS = 20;
/** An answer about the right to write is taken for this long. */
const FRESH_MS = 250;
export interface JournalMonitorOptions {
  upstream: Upstream;
  journal: OpenJournal;
  inspector: WriteInspector;
  veil: SecretVeil;
  clock: Clock;
  maxWrites: number;
  manager: string;
  /** Null when this process may write; else why not (lock lost, target moved). Asked before each write. */
  mayWrite(): Promise<string | null>;
  crash: FaultHook;
  /** How long one write is repeated through short troubles, in ms. */
  patienceMs: number;
  losses: LossWatch;
}

/**
 * Journal mode: each write is judged, forecast, recorded durably with its pre-image, forwarded pinned to that
 * pre-image, and its result recorded. Writes are taken one at a time.
 */
export class JournalMonitor implements Handler {
  readonly #options: JournalMonitorOptions;
  readonly #sender: WriteSender;
  readonly #record: WriteRecord;
  #queue: Promise<unknown> = Promise.resolve();
  /** The last outcome on its way to the journal: the client has its answer by then, the next write waits. */
  #noting: Promise<void> = Promise.resolve();
  #step = 0;
  #stepRefusals: Refusal[] = [];
  #stepWrites = 0;
  #stopped: string | null = null;
  /** What a killed command still had on its way must not be sent beside the undo. */
  #ended = false;
  readonly #lastReads = new LastReads();
  /** States predicted by the rehearsal of this very step, by request; spares a second dry-run. */
  #predictions: ReadonlyMap<string, KubeObject | null> | null = null;

  constructor(options: JournalMonitorOptions) {
    this.#options = options;
    this.#record = new WriteRecord(options);
    this.#sender = new WriteSender({ ...options, reads: new KubeApi(passAsUpstream(options.upstream)) });
  }

  /** Without `predictions` nobody has seen a forecast: each answer carries its own. */
  beginStep(step: number, predictions: ReadonlyMap<string, KubeObject | null> | null = null): void {
    this.#step = step;
    this.#stepRefusals = [];
    this.#stepWrites = 0;
    this.#stopped = null;
    this.#ended = false;
    this.#lastReads.clear();
    this.#predictions = predictions;
  }

  /** What happened since {@link beginStep}. `problem` names why further writes of the step were stopped. */
  async endStep(): Promise<{ refusals: Refusal[]; writes: number; problem: string }> {
    this.#ended = true;
    await this.#queue;
    await this.#noting;
    return { refusals: this.#stepRefusals, writes: this.#stepWrites, problem: this.problem };
  }

  /** Why no further writes of the step are sent; empty while they are. */
  get problem(): string {
    return this.#stopped ?? '';
  }

  /** What was refused since {@link beginStep}. */
  get refusals(): readonly Refusal[] {
    return this.#stepRefusals;
  }

  /** Writes and actions that reached (or may have reached) the cluster in this transaction. */
  writes(): number {
    return this.#record.sent();
  }

  /** For clients that look into the journal as soon as they have their answer. */
  async handleAndNote(request: GatewayRequest): Promise<GatewayResponse> {
    const response = await this.#take(request, false);
    await this.#noting;
    return response;
  }

  readonly refuseStream = (method: string, path: string): void =>
    void this.#stepRefusals.push(streamRefusal(method, path));

  handle(request: GatewayRequest): Promise<GatewayResponse> {
    return this.#take(request, true);
  }

  async #take(request: GatewayRequest, ofCommand: boolean): Promise<GatewayResponse> {
    const screened = screen('journal', request, {}, (refusal) => this.#stepRefusals.push(refusal));
    if ('response' in screened) return screened.response;
    const { parsed, verdict } = screened;
    const refuse = (rule: string, reason: string) => {
      this.#stepRefusals.push({ rule, reason, method: request.method, path: parsed.path });
      return refusalResponse(rule, reason);
    };
    return this.#options.veil.pass(
      request,
      parsed,
      (real) => this.#handleReal(real, parsed, verdict, ofCommand),
      refuse,
    );
  }

  async #handleReal(
    request: GatewayRequest,
    parsed: ApiRequest,
    verdict: Verdict,
    ofCommand: boolean,
  ): Promise<GatewayResponse> {
    if (verdict.action === 'pass') {
      const response = await passThrough(this.#options.upstream, request);
      const single = parsed.verb === 'get' && parsed.kind === 'resource' && !parsed.subresource;
      return single ? this.#lastReads.remember(parsed.path, response) : response;
    }
    const done = this.#queue.then(() => this.#write(request, parsed, ofCommand));
    // The caller has the failure; here only the order counts.
    this.#queue = done.catch(() => undefined).then(() => this.#noting);
    return done;
  }

  async #write(request: GatewayRequest, parsed: ApiRequest, ofCommand: boolean): Promise<GatewayResponse> {
    try {
      if (this.#stopped) throw new Refused('step-failed', this.#stopped);
      if (ofCommand && this.#ended) throw new Refused('step-failed', 'its command has ended');
      const body = readWriteBody(request.headers['content-type'], await readAll(request.body));
      const path = parsed.subresource ? parsed.path.slice(0, -parsed.subresource.length - 1) : parsed.path;
      const known = this.#lastReads.take(path);
      const subject = await this.#options.inspector.subject(parsed, body, known);
      if (subject.verb !== 'create' && !subject.before && body.form !== 'apply') {
        return statusResponse(404, `${refLabel(subject.ref)} not found`);
      }
      if (parsed.dryRun || bodyAsksDryRun(subject.verb, subject.body)) return await this.#dryRun(subject);
      if (this.writes() >= this.#options.maxWrites) {
        throw new Refused('too-many-writes', `this transaction may send at most ${this.#options.maxWrites} writes`);
      }
      return await this.#send(subject, request.signal);
    } catch (error) {
      if (error instanceof Refused || error instanceof UnreadableBody) {
        const rule = error instanceof Refused ? error.rule : 'encoding';
        this.#stepRefusals.push({ rule, reason: error.message, method: request.method, path: parsed.path });
        return refusalResponse(rule, error.message);
      }
      if (error instanceof Rejected) return answerResponse(error.answer);
      this.#stopped ??= (error as Error).message;
      return failed(error);
    }
  }

  async #dryRun(subject: WriteSubject): Promise<GatewayResponse> {
    return answerResponse(await this.#options.inspector.dryRun(subject));
  }

  async #send(first: WriteSubject, signal: AbortSignal): Promise<GatewayResponse> {
    let subject = first;
    for (let pin = 1; ; pin++) {
      const assessed = await this.#assess(subject);
      if ('response' in assessed) return assessed.response;
      if (signal.aborted) throw new Refused('step-failed', 'its command was stopped');
      const intent = await this.#permittedIntent(subject, assessed.assessment);
      const { response, conflict } = await this.#forward(subject, intent, signal);
      if (!conflict || !subject.before) {
        const done = response.status < 300 && !this.#predictions;
        return done ? withForecast(response, subject, assessed.assessment.forecast) : response;
      }
      const now = await this.#options.inspector.current(subject.path);
      // Nobody touched it: a JSON patch's own test failed, or the conflict is about something else (a quota) and passes.
      const untouched = now?.metadata.resourceVersion === subject.before.metadata.resourceVersion;
      if (untouched && (response.status !== 409 || pin >= MAX_PINS)) return response;
      if (pin >= MAX_PINS || !onlyStatusMoved(subject.before, now, subject.statusIsContent)) {
        this.#stopped = `${refLabel(subject.ref)} was changed by somebody else meanwhile`;
        return response;
      }
      await this.#options.clock.sleep(PIN_PAUSE_MS * pin);
      subject = { ...subject, before: now };
    }
  }

  /** What the write would do, from the step's rehearsal or a dry-run of its own; a refusing server is answered through. */
  async #assess(subject: WriteSubject): Promise<{ assessment: Assessment } | { response: GatewayResponse }> {
    let after: KubeObject | null = null;
    if (subject.verb === 'create' || subject.verb === 'update') {
      const known = this.#predictions?.get(predictionKey(subject));
      if (known !== undefined) after = known;
      else {
        const answer = await this.#options.inspector.dryRun(subject);
        if (answer.status >= 300) {
          return { response: answerResponse(answer) };
        }
        after = this.#options.inspector.afterImage(subject, answer.object);
      }
    }
    const createdHere = (ref: ObjectRef) => this.#record.createdHere(ref, subject.before);
    return {
      assessment: await this.#options.inspector.assess(subject, after, createdHere, false, this.#record.earlier()),
    };
  }

  /** Whether this process may write is found out while the disk works. @throws Refused */
  async #permittedIntent(subject: WriteSubject, assessment: Assessment): Promise<IntentRecord> {
    const { clock } = this.#options;
    const ask = () => this.#options.mayWrite().catch((error: unknown) => messageOf(error));
    await this.#record.watchFor(subject, assessment);
    const [wall, monotonic] = [clock.now(), clock.monotonic()];
    const asking = ask();
    const intent = await this.#record.intent(subject, assessment, this.#step);
    let blocked = await asking;
    // A disk that stalls, or a machine that sleeps meanwhile, must not stretch the permission.
    const age = Math.max(clock.now() - wall, clock.monotonic() - monotonic);
    if (!blocked && age > FRESH_MS) blocked = await ask();
    if (!blocked) return intent;
    this.#stopped = blocked;
    await this.#record.outcome(intent, 0, 'rejected', null, `not sent: ${blocked}`);
    throw new Refused('not-the-writer', blocked);
  }

  async #forward(
    subject: WriteSubject,
    intent: IntentRecord,
    signal: AbortSignal,
  ): Promise<{ response: GatewayResponse; conflict: boolean }> {
    const fate = await this.#sender.send(subject, intent, signal);
    const { response } = fate;
    if (fate.fate === 'unknown') {
      // Recovery finds out once the server answers; nothing more may build on it.
      this.#stopped = `the answer to a write was lost: ${fate.reason}`;
      this.#stepWrites++;
      return { response, conflict: false };
    }
    if (fate.fate === 'rejected') {
      await this.#record.outcome(intent, fate.status, 'rejected', null, fate.reason);
      if (fate.status === 0) this.#stopped = `no answer from the API server: ${fate.reason}`;
      return { response, conflict: subject.verb !== 'create' && mayBeRace(fate.status, subject) };
    }
    this.#stepWrites++;
    const after = fate.status === 0 ? fate.after : await this.#stored(subject, fate.after);
    this.#noting = this.#record.outcome(intent, fate.status, 'done', after, '', fate.copies).catch((error: unknown) => {
      this.#stopped ??= messageOf(error);
    });
    if (intent.contentType.startsWith('application/apply-patch') && !subject.before && fate.status === 200) {
      this.#stopped = `${refLabel(subject.ref)} was created by somebody else at the same moment`;
    }
    this.#stopped ??= await this.#whyNotAsRehearsed(subject, intent, after);
    return { response, conflict: false };
  }

  /**
   * Why a change must not stay that came out otherwise than its rehearsal said, as a webhook may have it that does nothing
   * in a dry run; null where it did not, or is as good. What was created goes as a whole.
   */
  async #whyNotAsRehearsed(
    subject: WriteSubject,
    { predicted, statusIsContent: keep }: IntentRecord,
    after: KubeObject | null,
  ): Promise<string | null> {
    if (subject.verb !== 'update' || !subject.before || !predicted || !after) return null;
    if (sameJson(normalise(predicted, keep), normalise(after, keep))) return null;
    const createdHere = (ref: ObjectRef) => this.#record.createdHere(ref, subject.before);
    try {
      await this.#options.inspector.assess(subject, after, createdHere, false, this.#record.earlier());
      return null;
    } catch (error) {
      return `${refLabel(subject.ref)} is not what its rehearsal said: ${messageOf(error)}`;
    }
  }

  /** The post-image; a Scale does not show it, so that the object is read again. */
  async #stored(subject: WriteSubject, answer: KubeObject | null): Promise<KubeObject | null> {
    if (subject.verb === 'delete' || subject.verb === 'evict') return null;
    if (subject.subresource !== 'scale') return answer;
    const expected = this.#options.inspector.afterImage(subject, answer);
    // Unreadable is treated as changed.
    const live = await this.#options.inspector.current(subject.path).catch(() => null);
    // A reading by a later version may already hold somebody else's edit.
    return live && live.metadata.resourceVersion === answer?.metadata.resourceVersion ? live : expected;
  }
}
