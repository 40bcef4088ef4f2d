import type { KubeObject } from '../api.ts';
import type { RawRequest } from '../consequences/row.ts';
import { merged } from '../consequences/kube.ts';
import type { Item } from '../dump/dump.ts';
import { pathOfKind } from '../dump/kinds.ts';
import { canonical, ExactNumber } from '../dump/lossless-json.ts';
import { DEAD_UID } from '../dump/rounds.ts';
import type { Random } from '../random.ts';
import { FIELD_VALUES } from './field-values.ts';

const JSON_TYPE = 'application/json';
const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';
const APPLY = 'application/apply-patch+yaml';

/** Draws a write to one of the objects of a population, in one of the ways that the API takes. */
export class WriteDraw {
  readonly #random: Random;
  readonly #items: readonly Item[];
  readonly #suffix: string;

  constructor(random: Random, items: readonly Item[], suffix: string) {
    this.#random = random;
    this.#items = items.filter(isSubject);
    this.#suffix = suffix;
  }

  subject(): Item {
    // As many of each kind as the population has would be mostly pods and ConfigMaps.
    const kinds = [...new Set(this.#items.map(({ kind }) => kind.kind))].sort();
    const kind = this.#random.pick(kinds);
    return this.#random.pick(this.#items.filter((item) => item.kind.kind === kind));
  }

  write(item: Item): RawRequest {
    const draws: [number, () => RawRequest | undefined][] = [
      [3, () => this.#change(item, this.#metadata())],
      [6, () => this.#known(item)],
      [6, () => this.#leaf(item)],
      [3, () => this.#deletion(item)],
      [2, () => this.#copy(item)],
      [2, () => this.#change(item, { metadata: { ownerReferences: this.#owners(item) } })],
      [
        1,
        () =>
          this.#change(item, { metadata: { finalizers: this.#random.chance(0.5) ? ['example.test/guard'] : null } }),
      ],
      [1, () => this.#scale(item)],
    ];
    const total = draws.reduce((sum, [weight]) => sum + weight, 0);
    for (;;) {
      let at = this.#random.int(1, total);
      const found = draws.find(([weight]) => (at -= weight) <= 0)![1]();
      if (found) return found;
    }
  }

  #metadata(): object {
    const field = this.#random.pick(['labels', 'annotations']);
    const key = this.#random.pick(['team', 'note', 'toString', 'example.test/a', 'tier']);
    return { metadata: { [field]: { [key]: this.#random.chance(0.25) ? null : this.#random.token(4) } } };
  }

  #known(item: Item): RawRequest | undefined {
    const values = FIELD_VALUES[item.kind.kind];
    if (!values) return undefined;
    const text = JSON.stringify(this.#random.pick(values)).replaceAll('$S', this.#suffix);
    return this.#change(item, JSON.parse(text) as object);
  }

  /** A change given as a merge patch, in one of the spellings that say the same. */
  #change(item: Item, patch: object): RawRequest {
    const path = pathOf(item);
    const { apiVersion, kind, metadata } = item.object;
    switch (this.#random.pick(['merge', 'merge', 'strategic', 'put', 'apply'])) {
      case 'strategic':
        if (!item.custom) return { method: 'PATCH', path, type: STRATEGIC, body: JSON.stringify(patch) };
        break;
      case 'put':
        return { method: 'PUT', path, type: JSON_TYPE, body: canonical(merged(item.object, patch)) };
      case 'apply': {
        const { name, namespace } = metadata;
        const body = merged({ apiVersion, kind, metadata: { name, namespace } }, withoutNulls(patch));
        return { method: 'PATCH', path: `${path}?fieldManager=tool&force=true`, type: APPLY, body: canonical(body) };
      }
    }
    return { method: 'PATCH', path, type: MERGE, body: JSON.stringify(patch) };
  }

  /** Any field of the object gets another value, or none. */
  #leaf(item: Item): RawRequest | undefined {
    const found: [string[], unknown][] = [];
    const walk = (value: unknown, path: string[]): void => {
      if (found.length > 400) return;
      if (value instanceof ExactNumber || value === null || typeof value !== 'object') found.push([path, value]);
      else for (const [key, child] of Object.entries(value)) walk(child, [...path, key]);
    };
    for (const [key, value] of Object.entries(item.object)) {
      if (['apiVersion', 'kind', 'metadata'].includes(key) || (key === 'status' && !item.custom)) continue;
      walk(value, [key]);
    }
    const usable = found.filter(([path]) => !SHARED_FIELDS.has(path.at(-1)!));
    if (usable.length === 0) return undefined;
    const [path, value] = this.#random.pick(usable);
    // Sometimes a whole branch.
    const cut = this.#random.chance(0.2) ? path.slice(0, this.#random.int(1, path.length)) : path;
    const pointer = `/${cut.map((key) => key.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`;
    const operation =
      cut.length < path.length || this.#random.chance(0.3)
        ? { op: 'remove', path: pointer }
        : { op: 'replace', path: pointer, value: this.#other(value) };
    return { method: 'PATCH', path: pathOf(item), type: JSON_PATCH, body: canonical([operation]) };
  }

  #other(value: unknown): unknown {
    if (value instanceof ExactNumber) return new ExactNumber(this.#random.pick(['9007199254740999', '7']));
    if (typeof value === 'number') return this.#random.pick([0, 1, value + 1, Math.max(0, value - 1), value * 2]);
    if (typeof value === 'boolean') return !value;
    if (typeof value === 'string') return this.#random.pick([`${value}x`, 'other', this.#random.token(5)]);
    return this.#random.token(3);
  }

  #deletion(item: Item): RawRequest {
    const propagationPolicy = this.#random.pick([undefined, 'Background', 'Foreground', 'Orphan']);
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy };
    const body = propagationPolicy ? JSON.stringify(options) : '';
    return { method: 'DELETE', path: pathOf(item), type: body ? JSON_TYPE : '', body };
  }

  #copy({ kind, namespace, object }: Item): RawRequest {
    const { labels, annotations } = object.metadata;
    const name = `copy-${this.#random.token(4)}-${this.#suffix}`;
    const identity = this.#random.chance(0.2) ? { generateName: `${name}-` } : { name };
    const spec = { ...object.spec };
    for (const field of ['clusterIP', 'clusterIPs', 'volumeName', 'claimRef', 'nodeName', 'selector']) {
      if (field !== 'selector' || kind.kind === 'Job') delete spec[field];
    }
    const rest: KubeObject = { ...object, metadata: { ...identity, namespace, labels, annotations } as never };
    delete rest.status;
    if (object.spec) rest.spec = spec;
    return { method: 'POST', path: pathOfKind(kind, namespace), type: JSON_TYPE, body: canonical(rest) };
  }

  #scale(item: Item): RawRequest | undefined {
    if (!/^(Deployment|StatefulSet|ReplicaSet|ReplicationController|Sheet|Pool)$/.test(item.kind.kind))
      return undefined;
    const body = JSON.stringify({ spec: { replicas: this.#random.int(0, 3) } });
    return { method: 'PATCH', path: `${pathOf(item)}/scale`, type: MERGE, body };
  }

  #owners(item: Item): object[] | null {
    const dead = { apiVersion: 'v1', kind: item.namespace ? 'ConfigMap' : 'Node', name: 'nobody', uid: DEAD_UID };
    const living = this.#random.pick(this.#items);
    const { apiVersion = '', kind = '' } = living.object;
    const live = { apiVersion, kind, name: living.name, uid: living.uid };
    return this.#random.pick([[dead], [live], [live, dead], null]);
  }
}

/** What a change of them does is done to all populations. */
const SHARED_FIELDS = new Set(['globalDefault']);

function isSubject({ kind, name, object }: Item): boolean {
  // What controllers keep of a namespace, and what they are deleting already.
  return !(kind.kind === 'ConfigMap' && name === 'kube-root-ca.crt') && !object.metadata.deletionTimestamp;
}

const pathOf = ({ kind, namespace, name }: Item) => `${pathOfKind(kind, namespace)}/${name}`;

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== null)
      .map(([key, one]) => [key, withoutNulls(one)]),
  );
}
