import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Api, KubeObject } from '../api.ts';
import type { ServedKind } from '../dump/kinds.ts';
import { pathOfKind, servedKinds } from '../dump/kinds.ts';
import { DEAD_UID } from '../dump/rounds.ts';
import { untilAsked } from '../wait.ts';

const BEYOND = '9007199254740993';
/** Controllers of a busy machine take their time. */
const FIXTURE_MS = 180_000;

/** Somebody else's hands: writes around the product, in the name space of one row. */
export class Kube {
  readonly api: Api;
  readonly namespace: string;
  /** Part of every name that is not in the namespace. */
  readonly suffix: string;
  #kinds: ServedKind[] = [];
  /** For manifests that a command names. */
  readonly #folder: string;

  constructor(api: Api, folder: string) {
    this.api = api;
    this.#folder = folder;
    this.suffix = randomBytes(3).toString('hex');
    this.namespace = `c-${this.suffix}`;
  }

  /** Creates an object whose texts may hold placeholders; in the namespace unless it says otherwise. */
  async create(template: object): Promise<KubeObject> {
    const text = await this.expand(JSON.stringify(template));
    const object = JSON.parse(text) as KubeObject;
    const kind = await this.kindOf(object.apiVersion!, object.kind!);
    const namespace = object.metadata.namespace ?? this.namespace;
    const path = pathOfKind(kind, namespace);
    // As text, so that numbers stay what they are.
    const { status, body } = await this.api.send('POST', `${path}?fieldManager=fixture`, text);
    if (status >= 300)
      throw new Error(`fixture ${object.kind}/${object.metadata.name}: ${status} ${body.slice(0, 300)}`);
    return JSON.parse(body) as KubeObject;
  }

  /**
   * `$NS`, `$S`, `$DEAD` and `$UID(Kind/name)` become the namespace, the suffix, the uid of nobody and that of a living
   * object (`Kind` with its apiVersion in front unless it is of the core group: `apps/v1/Deployment/web`); the JSON text
   * `"$BIG"` becomes an integer that JavaScript's numbers alter.
   */
  async expand(text: string): Promise<string> {
    let expanded = text
      .replaceAll('"$BIG"', BEYOND)
      .replaceAll('$NS', this.namespace)
      .replaceAll('$S', this.suffix)
      .replaceAll('$DEAD', DEAD_UID);
    for (const [whole, path = ''] of expanded.matchAll(/\$UID\(([^)]+)\)/g)) {
      const { metadata } = await this.live(path);
      expanded = expanded.replace(whole, metadata.uid!);
    }
    return expanded;
  }

  /** A word of a command: `@{…}` becomes a file of that content, `@live(Kind/name){merge}` one of the object so changed. */
  async word(text: string): Promise<string> {
    const expanded = await this.expand(text);
    const found = /^@(?:live\(([^)]+)\))?([{[].*)$/s.exec(expanded);
    if (!found) return expanded;
    const [, path, content = ''] = found;
    const file = join(this.#folder, `${randomBytes(4).toString('hex')}.json`);
    writeFileSync(file, path ? JSON.stringify(merged(manifest(await this.live(path)), JSON.parse(content))) : content);
    return file;
  }

  /** @param name `Kind/name` or `group/version/Kind/name`; a name in another namespace as `namespace:name` */
  async live(name: string): Promise<KubeObject> {
    return this.api.get(await this.pathOf(name));
  }

  async pathOf(name: string): Promise<string> {
    const parts = name.split('/');
    const kind = await this.kindOf(parts.slice(0, -2).join('/') || 'v1', parts.at(-2)!);
    const [namespace, own = namespace] = parts.at(-1)!.split(':');
    return `${pathOfKind(kind, namespace === own ? this.namespace : namespace)}/${own}`;
  }

  /** @param missing says what still lacks, "" when satisfied */
  async until(name: string, missing: (object: KubeObject) => string): Promise<void> {
    const path = await this.pathOf(name);
    await untilAsked(FIXTURE_MS, name, async () => {
      const found = await this.api.find(path);
      return found ? missing(found) : 'it is not there';
    });
  }

  async kindOf(apiVersion: string, kind: string): Promise<ServedKind> {
    const slash = apiVersion.lastIndexOf('/');
    const group = slash < 0 ? '' : apiVersion.slice(0, slash);
    const find = () => this.#kinds.find((one) => one.group === group && one.kind === kind);
    if (!find()) {
      await untilAsked(20_000, `${kind} of ${apiVersion} is served`, async () => {
        this.#kinds = await servedKinds(this.api);
        return find() ? '' : 'it is not';
      });
    }
    return { ...find()!, version: apiVersion.slice(slash + 1) };
  }
}

/** As a person keeps it: without what the server wrote. */
function manifest(object: KubeObject): KubeObject {
  const rest = { ...object };
  delete rest.status;
  const { name, namespace, labels, annotations, ownerReferences, finalizers } = object.metadata;
  return { ...rest, metadata: { name, namespace, labels, annotations, ownerReferences, finalizers } as never };
}

/** JSON merge patch (RFC 7386); of any key, also `__proto__`. */
export function merged<T>(target: T, patch: unknown): T {
  if (!isMap(patch)) return patch as T;
  const result = new Map(isMap(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, merged(result.get(key), value));
  }
  return Object.fromEntries(result) as T;
}

const isMap = (value: unknown): value is object =>
  value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
