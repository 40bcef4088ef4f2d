import type { KubeObject, ObjectRef } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { Json } from '../../json/json.ts';
import { cloneJson } from '../../json/lossless-json.ts';
import type { Acceptance, UndoForecast } from '../../domain/transaction.ts';
import { forecastUndo } from '../../undo/forecast.ts';
import type { Companion } from '../../undo/journaled-write.ts';
import { recreationBody } from '../../undo/normalise.ts';
import type { ApiRequest } from '../wire/api-request.ts';
import { groupVersion, objectPath, withQuery } from '../wire/api-request.ts';
import type { Earlier } from './content-reader.ts';
import { ContentReader, NOTHING_EARLIER } from './content-reader.ts';
import { judgeContent } from '../content/judge-content.ts';
import type { Discovery } from '../wire/discovery.ts';
import { BUILT_IN_GROUPS } from '../wire/discovery.ts';
import type { LiveFacts } from '../inventory/live-facts.ts';
import { asRehearsed } from '../inventory/rehearsed-facts.ts';
import type { KubeApi } from '../wire/kube-api.ts';
import { isOwnObject, ownObjectReason } from '../content/own-objects.ts';
import { isOtherConflict } from '../wire/patience.ts';
import { onlyStatusMoved, pinBody } from './pin.ts';
import type { Verdict } from '../content/verdict.ts';
import type { WriteBody } from '../wire/write-body.ts';
import { bodyMismatch, imageMismatch, otherVersionOf } from './write-identity.ts';
import { judgeOptions, optionsIntoBody } from './write-query.ts';
import type { WriteSubject } from './write-subject.ts';
import {
  contentTypeOf,
  deleteOptions,
  mayBeRace,
  nameIt,
  NeedsAcceptance,
  patchMethod,
  PROTOBUF,
  Refused,
  Rejected,
  TEMPLATE_KINDS,
  verbOf,
} from './write-subject.ts';
import { currentObject, WriteSurroundings } from './write-surroundings.ts';

export interface Assessment {
  forecast: UndoForecast;
  /** State after the write as far as known before it; null for deletions. */
  after: KubeObject | null;
  companions: Companion[];
}

/** A write that only lost a race against a status update is pinned anew at most this often. */
export const MAX_PINS = 8;

/** Understands and judges writes before they are sent. Sends only reads and dry-runs, with the full credential. */
export class WriteInspector {
  readonly #api: KubeApi;
  readonly #discovery: Discovery;
  readonly #manager: string;
  readonly #accepted: readonly Acceptance[];
  /** What stands round the written objects, read anew for each command. */
  readonly facts: LiveFacts;
  readonly #surroundings: WriteSurroundings;
  readonly #content: ContentReader;

  /**
   * @param manager field manager that every write carries
   * @param accepted what a person has accepted beforehand
   */
  constructor(api: KubeApi, discovery: Discovery, facts: LiveFacts, manager: string, accepted: readonly Acceptance[]) {
    this.#api = api;
    this.facts = facts;
    this.#accepted = accepted;
    this.#discovery = discovery;
    this.#manager = manager;
    this.#surroundings = new WriteSurroundings(api, discovery);
    this.#content = new ContentReader(api);
  }

  /**
   * @param known a reading of the object that the client itself based its write on; a stale one only makes the write fail
   * @throws Refused for kinds the server does not tell about, unreadable bodies and unreadable pre-images
   */
  async subject(request: ApiRequest, sent: WriteBody, known?: KubeObject): Promise<WriteSubject> {
    const { group, version, resource, namespace, subresource } = request;
    const info = await this.#discovery.resource(group, version, resource);
    if (!info)
      throw new Refused('unknown-kind', `the server does not describe ${resource} in ${groupVersion(request)}`);
    if (!(await this.#discovery.servedLocally(group, version))) {
      throw new Refused(
        'aggregated',
        `${groupVersion(request)} is served by another server that may ignore dry-run and cannot be undone safely`,
      );
    }
    const verb = verbOf(request);
    const query = new URLSearchParams(request.query);
    query.delete('dryRun');
    const body = verb === 'delete' ? optionsIntoBody(query, sent) : sent;
    if (!body)
      throw new Refused('query', 'options of a deletion stand in its body or plainly in its query, not in both');
    const mismatch = bodyMismatch(request, info, body);
    if (mismatch) throw new Refused('identity', mismatch);
    obey(judgeOptions(verb, body, request.dryRun && sent.form !== 'none'));
    const readable = body.form === 'protobuf' ? await this.#transcode(request, body) : body;
    const resolved = verb === 'create' ? nameIt(readable) : readable;
    const name = verb === 'create' ? ((resolved.value as unknown as KubeObject)?.metadata?.name ?? '') : request.name;
    if (!name) throw new Refused('unnamed', `the ${info.kind} to create has no name`);
    if (isOwnObject(group, resource, name)) throw new Refused('own-object', ownObjectReason(name));
    const ref: ObjectRef = {
      apiVersion: groupVersion(request),
      kind: info.kind,
      ...(namespace ? { namespace } : {}),
      name,
    };
    const path = objectPath(request, name);
    const applying = resolved.form === 'apply';
    if (!applying && verb !== 'delete' && verb !== 'evict') query.set('fieldManager', this.#manager);
    return {
      verb,
      ref,
      path,
      target: { path: verb === 'create' ? objectPath(request, '') : request.path, query },
      contentType: contentTypeOf(resolved),
      body: resolved,
      before: verb === 'create' ? null : (known ?? (await this.current(path))),
      subresource,
      api: { group, version, resource, namespace },
      statusIsContent:
        !BUILT_IN_GROUPS.has(group) && !(await this.#discovery.resource(group, version, resource, 'status')),
    };
  }

  /** Lets the server say in JSON what a protobuf body holds. @throws Rejected with the server's own answer */
  async #transcode(request: ApiRequest, body: WriteBody): Promise<WriteBody> {
    const query = new URLSearchParams(request.query);
    query.set('dryRun', 'All');
    const answer = await this.#api.send(request.method, withQuery(request.path, query), {
      body: body.raw,
      contentType: PROTOBUF,
    });
    if (answer.status >= 300 || !answer.object) throw new Rejected(answer);
    const object = answer.object;
    delete object.metadata.managedFields;
    if (request.verb === 'update') return { form: 'object', value: object as unknown as Json };
    // A name given by the server is another one each time: then the JSON form, which has the name in it, is sent.
    if (object.metadata.generateName) return { form: 'object', value: recreationBody(object) as unknown as Json };
    return { form: 'object', value: object as unknown as Json, raw: body.raw };
  }

  /** Null when it does not exist. @throws Refused when it may not be read */
  current(path: string): Promise<KubeObject | null> {
    return currentObject(this.#api, path);
  }

  /**
   * Sends the write, pinned to its pre-image, with dryRun=All. Where only status moved since the pre-image was read, the
   * newer one takes its place in `subject`.
   */
  async dryRun(subject: WriteSubject): Promise<{ status: number; object: KubeObject | null; message: string }> {
    for (let pin = 1; ; pin++) {
      const answer = await this.#dryRunOnce(subject);
      const passes = subject.verb === 'create' && isOtherConflict(answer.status, answer.object) && pin < MAX_PINS;
      if (passes) continue;
      if (!mayBeRace(answer.status, subject) || !subject.before || pin >= MAX_PINS) return answer;
      const now = await this.current(subject.path);
      const untouched = now?.metadata.resourceVersion === subject.before.metadata.resourceVersion;
      // Untouched and 409: the conflict is about something else (a quota), and passes.
      if (!onlyStatusMoved(subject.before, now, subject.statusIsContent) || (untouched && answer.status !== 409))
        return answer;
      subject.before = now;
    }
  }

  async #dryRunOnce(subject: WriteSubject): Promise<{ status: number; object: KubeObject | null; message: string }> {
    const { target, body, before, verb } = subject;
    const query = new URLSearchParams(target.query);
    query.set('dryRun', 'All');
    let value: Json | Buffer = body.raw ?? pinBody(verb, body, before);
    if (verb === 'delete') value = { ...(value as unknown as { [key: string]: Json }), dryRun: ['All'] };
    if (verb === 'evict') {
      const eviction = value as unknown as { [key: string]: { [key: string]: Json } };
      eviction.deleteOptions!.dryRun = ['All'];
    }
    const method = verb === 'delete' ? 'DELETE' : verb === 'create' || verb === 'evict' ? 'POST' : patchMethod(body);
    return this.#api.send(method, withQuery(target.path, query), {
      body: value ?? undefined,
      contentType: subject.contentType,
    });
  }

  /** The whole object after the write, from an answer that may be a Scale. */
  afterImage(subject: WriteSubject, answer: KubeObject | null): KubeObject | null {
    if (subject.verb === 'delete' || subject.verb === 'evict') return null;
    if (subject.subresource !== 'scale' || !subject.before) return answer;
    if (subject.before.spec?.replicas === undefined && !TEMPLATE_KINDS.has(subject.ref.kind)) {
      throw new Refused(
        'scale',
        `which field of a ${subject.ref.kind} its scale changes is not known; patch the object itself`,
      );
    }
    const after = cloneJson(subject.before);
    after.spec = { ...after.spec, replicas: answer?.spec?.replicas ?? 0 };
    return after;
  }

  /**
   * Forecast of the undo, content rules, rights of the inverse.
   * @param thorough also look for autoscalers where replicas do not change, to warn of them
   * @param earlier what the transaction did before
   * @throws Refused
   */
  async assess(
    subject: WriteSubject,
    after: KubeObject | null,
    createdHere: (ref: ObjectRef) => boolean,
    thorough: boolean,
    earlier: Earlier = NOTHING_EARLIER,
  ): Promise<Assessment> {
    const { verb, ref, before } = subject;
    if (!after && (verb === 'create' || verb === 'update')) {
      throw new Refused('unknown-result', `what ${ref.kind}/${ref.name} would be after the write cannot be read`);
    }
    const mismatch = after && imageMismatch(ref, after);
    if (mismatch) throw new Refused('identity', mismatch);
    const other = otherVersionOf(subject.path, [
      ...earlier.written.map(({ path }) => path),
      ...earlier.rehearsed.keys(),
    ]);
    // Images of two versions cannot be compared, and only the first one could be put back.
    if (other !== null)
      throw new Refused('version', `${refLabel(ref)} was written as ${other} before: write it so again`);
    obey(judgeContent(await this.#content.input(subject, after, earlier)));
    const options = deleteOptions(subject);
    const forecast = await forecastUndo(
      {
        verb: verb === 'update' && before === null ? 'create' : verb,
        ref,
        before,
        after,
        createdHere: createdHere(ref),
        builtIn: BUILT_IN_GROUPS.has(subject.api.group),
        statusIsContent: subject.statusIsContent,
        propagation: options.propagationPolicy,
        force: options.gracePeriodSeconds === 0,
        autoscaler: await this.#surroundings.autoscalerOf(subject, after, thorough),
        formerly: async (other) => {
          const path = await this.pathOf(other);
          return earlier.written.find((write) => write.path === path)?.before;
        },
      },
      asRehearsed(this.facts, async (other) => {
        const path = earlier.rehearsed.size > 0 ? await this.pathOf(other) : null;
        return path === null ? undefined : earlier.rehearsed.get(path);
      }),
    );
    const told = forecast.residue.join('; ');
    if (forecast.class === 'one-way') throw new Refused('not-undoable', told);
    const missing = (forecast.needs ?? []).filter((need) => !this.#accepted.includes(need));
    if (missing.length > 0)
      throw new NeedsAcceptance(
        missing,
        `a person has to accept ${missing.join(' and ')} (--accept ${missing.join(',')}): ${told}`,
      );
    await this.#surroundings.mustBeAllowed(subject, forecast);
    return { forecast, after, companions: await this.#surroundings.companions(subject, after) };
  }

  /** API path of an object; null when the server does not know its kind. */
  async pathOf(ref: ObjectRef): Promise<string | null> {
    const resource = await this.#discovery.resourceOfKind(ref.apiVersion, ref.kind);
    if (!resource) return null;
    const { group, version, name } = resource;
    return objectPath({ group, version, resource: name, namespace: ref.namespace ?? '' }, ref.name);
  }
}

/** @throws Refused */
function obey(verdict: Verdict): void {
  if (verdict.action === 'refuse') throw new Refused(verdict.rule, verdict.reason);
}
