import { parseJson, printJson } from '../../json/lossless-json.ts';
import type { Json } from '../../json/json.ts';
import type { ApiRequest } from '../wire/api-request.ts';
import { failed } from '../wire/forward.ts';
import type { GatewayRequest, GatewayResponse } from '../wire/messages.ts';
import { readAll } from '../wire/messages.ts';
import { readRedacted } from './read-redacted.ts';
import type { JsonMap, Replacements } from './redact.ts';
import { carriesSecrets, mapValues, replaceValues, rewriteSecrets } from './redact.ts';
import { isMap } from '../../json/json-map.ts';
import { learnProtobufSecret } from './protobuf-secret.ts';
import { SecretScrubber } from './secret-scrubber.ts';
import { elsewhere, mentionsHidden, SecretTokens } from './secret-tokens.ts';
import type { WriteBody } from '../wire/write-body.ts';
import { readWriteBody, UnreadableBody } from '../wire/write-body.ts';
import { Refused } from '../write/write-subject.ts';

type Inner = (request: GatewayRequest) => Promise<GatewayResponse>;

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** Fields of a Secret; a copy with others is hidden as a whole. */
const FIELDS = new Set(['apiVersion', 'kind', 'metadata', 'type', 'immutable', 'data', 'stringData']);

/**
 * Stands between the clients of one session and the modes that write: clients see placeholders where Secrets hold
 * values, the server and the journal see the values. A placeholder that comes back as a value of its Secret is replaced
 * by what it stands for; anywhere else it is refused, so that none is ever stored.
 */
export class SecretVeil {
  /** Knows what passed in writes and their answers. */
  readonly scrubber = new SecretScrubber();
  readonly #tokens = new SecretTokens();
  /** Copies in annotations as shown, with what they were: a copy that comes back unchanged stays the same text. */
  readonly #copies = new Map<string, string>();

  /**
   * Handles a request that the policy let through.
   * @param inner answers with real values
   * @param refuse is told what must not happen, and answers the client
   */
  async pass(
    request: GatewayRequest,
    parsed: ApiRequest,
    inner: Inner,
    refuse: (rule: string, reason: string) => GatewayResponse,
  ): Promise<GatewayResponse> {
    const secrets = carriesSecrets(parsed);
    if (['get', 'list', 'watch'].includes(parsed.verb)) {
      return secrets ? readRedacted(request, parsed, inner, (value) => this.#hideAll(value, parsed)) : inner(request);
    }
    let body: Buffer;
    try {
      body = await readAll(request.body);
      if (mentionsHidden([parsed.path, ...parsed.query.values()].join(' '))) throw elsewhere();
      if (secrets) body = this.#real(body, request.headers['content-type'], parsed);
      else if (mentionsHidden(body)) throw elsewhere();
    } catch (error) {
      return error instanceof Refused ? refuse(error.rule, error.message) : failed(error);
    }
    if (!secrets) return inner({ ...request, body });
    const answered = async (asked: GatewayRequest) => {
      const response = await inner(asked);
      const { warning } = response.headers;
      if (warning === undefined) return response;
      return { ...response, headers: { ...response.headers, warning: this.#hideKnown(warning, parsed) } };
    };
    return readRedacted({ ...request, body }, parsed, answered, (value) => {
      this.scrubber.learn(value);
      return this.#hideAll(value, parsed);
    });
  }

  /** Hides what passed in writes in text that leaves the gateway. */
  readonly scrub = (text: string): string => this.scrubber.scrub(text);

  #hideAll(value: unknown, parsed: ApiRequest): unknown {
    if (isMap(value) && value.kind === 'Status') return this.#hideInStatus(value, parsed);
    if (isMap(value) && isMap(value.object) && value.object.kind === 'Status') {
      return { ...value, object: this.#hideInStatus(value.object, parsed) };
    }
    return rewriteSecrets(value, (object) => this.#hide(object, parsed.namespace));
  }

  #hide(object: JsonMap, namespace: string): void {
    const metadata = isMap(object.metadata) ? object.metadata : {};
    const home = `${String(metadata.namespace ?? namespace)}/${String(metadata.name ?? '')}`;
    replaceValues(object, this.#placeholders(home));
  }

  #placeholders(home: string): Replacements {
    const text = (value: Json) => (typeof value === 'string' || value === null ? value : printJson(value));
    return {
      data: (key: string, value: Json) =>
        Buffer.from(this.#tokens.hide(key, { home, form: 'data', value: text(value) })).toString('base64'),
      stringData: (key: string, value: Json) => this.#tokens.hide(key, { home, form: 'text', value: text(value) }),
      annotation: (name: string, value: Json) =>
        (name === LAST_APPLIED && this.#hiddenCopy(value, home)) ||
        this.#tokens.hide(name, { home, form: 'note', value: text(value) }),
    };
  }

  /** What apply keeps still tells the keys, by which it finds out what was removed. Null when it is nothing of the kind. */
  #hiddenCopy(text: Json, home: string): string | null {
    const copy = typeof text === 'string' ? parsedCopy(text) : null;
    if (!copy || Object.keys(copy).some((key) => !FIELDS.has(key))) return null;
    const { data, stringData, metadata } = copy;
    const maps = [data, stringData, isMap(metadata) ? metadata.annotations : undefined];
    if (maps.some((map) => map !== undefined && !(isMap(map) && Object.values(map).every(isText)))) return null;
    const annotation = (name: string, value: Json) =>
      this.#tokens.hide(name, { home, form: 'note', value: value as string });
    replaceValues(copy, { ...this.#placeholders(home), annotation });
    const shown = `${printJson(copy)}\n`;
    // A copy without values comes back without any placeholder that would tell to look it up.
    if (!mentionsHidden(shown)) return text as string;
    // The newest count.
    this.#copies.set(`${home} ${shown}`, text as string);
    if (this.#copies.size > MAX_COPIES) this.#copies.delete(this.#copies.keys().next().value!);
    return shown;
  }

  /** Errors quote what they complain about. */
  #hideInStatus(status: JsonMap, parsed: ApiRequest): JsonMap {
    return mapStrings(status, (text) => this.#hideKnown(text, parsed)) as JsonMap;
  }

  #hideKnown(text: string, parsed: ApiRequest): string {
    const scrubber = new SecretScrubber();
    for (const { form, value } of this.#tokens.valuesOf(`${parsed.namespace}/${parsed.name}`)) {
      if (form === 'data') scrubber.learnEncoded(value);
      else scrubber.learnText(value);
    }
    return scrubber.scrub(this.scrubber.scrub(text));
  }

  /** The body with real values; learnt on the way. @throws Refused */
  #real(bytes: Buffer, contentType: string | undefined, parsed: ApiRequest): Buffer {
    let body: WriteBody;
    try {
      body = readWriteBody(contentType, bytes);
    } catch (error) {
      // The mode behind refuses it in its own words.
      if (error instanceof UnreadableBody) return bytes;
      throw error;
    }
    if (body.raw) {
      if (mentionsHidden(bytes)) throw elsewhere();
      learnProtobufSecret(body.raw, this.scrubber);
      return bytes;
    }
    if (body.form === 'json-patch') for (const operation of body.value as Json[]) mayMove(operation);
    if (!mentionsHidden(bytes)) {
      this.scrubber.learnBody(body);
      return bytes;
    }
    const named = (body.value as { metadata?: { name?: unknown } }).metadata?.name;
    const home = `${parsed.namespace}/${parsed.name || String(named ?? '')}`;
    const value =
      body.form === 'json-patch'
        ? (body.value as Json[]).map((operation) => this.#realOperation(operation, home))
        : this.#realObject(body.value as JsonMap, home);
    this.scrubber.learnBody({ ...body, value: value as Json });
    return Buffer.from(printJson(value));
  }

  #realOperation(operation: Json, home: string): Json {
    if (!isMap(operation) || operation.value === undefined) return plain(operation);
    const { value, ...rest } = operation;
    const path = String(operation.path).split('/').slice(1).map(unescapePointer);
    const whole = path.reduceRight<Json>((inner, key) => Object.fromEntries([[key, inner]]), value as Json);
    const real = isMap(whole) ? this.#realObject(whole, home) : plain(whole);
    const found = path.reduce<Json>((outer, key) => (outer as { [key: string]: Json })[key]!, real as Json);
    return { ...(plain(rest as Json) as { [key: string]: Json }), value: found };
  }

  /** A Secret or a part of one, placeholders replaced where a value may stand. @throws Refused for any other place */
  #realObject(object: JsonMap, home: string): JsonMap {
    plain(Object.keys(object));
    const realIn = {
      data: (map: Json) => this.#realMap(map, (text) => this.#tokens.data(text, home)),
      stringData: (map: Json) => this.#realMap(map, (text) => this.#tokens.text(text, home)),
      metadata: (metadata: Json) => {
        if (!isMap(metadata)) return plain(metadata);
        return mapValues(metadata, (name, value) =>
          name === 'annotations' ? this.#realMap(value, (text) => this.#realNote(text, home)) : plain(value),
        ) as Json;
      },
    };
    return mapValues(object, (field, value) =>
      Object.hasOwn(realIn, field) ? realIn[field as keyof typeof realIn](value) : plain(value),
    );
  }

  #realMap(map: unknown, real: (text: string) => string | null): Json {
    if (!isMap(map)) return plain(map as Json);
    plain(Object.keys(map));
    return mapValues(map, (_, value) => (typeof value === 'string' ? real(value) : plain(value))) as Json;
  }

  #realNote(text: string, home: string): string {
    const known = this.#copies.get(`${home} ${text}`) ?? this.#tokens.note(text, home);
    if (known !== null) return known;
    if (!mentionsHidden(text)) return text;
    const copy = parsedCopy(text);
    if (!copy) throw elsewhere();
    this.#realObject(copy, home);
    return this.#tokens.inCopy(text, home);
  }
}

const MAX_COPIES = 2_000;

/** Nothing hidden stands in it. @throws Refused */
function plain(value: Json): Json {
  if (mentionsHidden(printJson(value) ?? '')) throw elsewhere();
  return value;
}

/** The server would put a value where everybody sees it. @throws Refused */
function mayMove(operation: Json): void {
  if (!isMap(operation) || (operation.op !== 'copy' && operation.op !== 'move')) return;
  if ([operation.from, operation.path].every((at) => /^\/data\/[^/]+$/.test(String(at)))) return;
  throw new Refused(
    'hidden-value',
    `a JSON patch that moves or copies ${String(operation.from).slice(0, 80)} to ${String(operation.path).slice(0, 80)} is refused: in a Secret only values of data may change places`,
  );
}

function parsedCopy(text: string): JsonMap | null {
  try {
    const value: unknown = parseJson(text);
    return isMap(value) ? value : null;
  } catch {
    // No copy of an object: it is handled as text.
    return null;
  }
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  return isMap(value) ? mapValues(value, (_, item) => mapStrings(item, change) as Json) : value;
}

function unescapePointer(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}
