import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../judge/api.ts';
import type { Truth } from './truth.ts';

interface Ref {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
}

interface Operation {
  op: string;
  path: string;
  value?: unknown;
}

/** A change as whoever is judged proposes it. */
export type ProposedChange =
  | { type: 'json-patch'; object: Ref; ops: readonly Operation[] }
  | { type: 'merge-patch'; object: Ref; patch: unknown }
  | { type: 'scale'; object: Ref; replicas: number }
  | { type: 'rollout-undo'; object: Ref; revision: number }
  | { type: 'rollout-restart'; object: Ref }
  | { type: 'set-image'; object: Ref; images: Readonly<Record<string, string>> }
  | { type: 'delete'; object: Ref }
  | { type: 'create'; file: string; namespace: string }
  | { type: 'start-job'; cronJob: Ref }
  | { type: 'await-rollout'; workload: Ref }
  | { type: 'action'; call: { name: string } };

export interface ProposedAction {
  changes: readonly ProposedChange[];
  files: readonly { name: string; content: string }[];
}

/** The broken scene as a proposal would leave it, as far as that follows from the proposal alone. */
export interface Effects {
  /** By key; null where it is deleted. */
  objects: Map<string, KubeObject | null>;
  restarted: Set<string>;
  created: Set<string>;
  /** Names of declared actions. */
  actions: string[];
  /** Changes that cannot be carried out on what is there. */
  impossible: string[];
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- objects, written by path
type Loose = any;

export function keyOfRef({ apiVersion, kind, namespace, name }: Ref): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return `${group ? `${kind}.${group}` : kind}/${namespace || '-'}/${name}`;
}

export function effectsOf({ changes, files }: ProposedAction, truth: Pick<Truth, 'faulty' | 'revisions'>): Effects {
  const effects: Effects = {
    objects: new Map(),
    restarted: new Set(),
    created: new Set(),
    actions: [],
    impossible: [],
  };
  for (const change of changes) {
    try {
      carryOut(change, files, truth, effects);
    } catch (error) {
      effects.impossible.push(`${change.type}: ${(error as Error).message}`);
    }
  }
  return effects;
}

function carryOut(
  change: ProposedChange,
  files: ProposedAction['files'],
  { faulty, revisions }: Pick<Truth, 'faulty' | 'revisions'>,
  effects: Effects,
): void {
  const edit = (ref: Ref, work: (object: Loose) => Loose) => {
    const key = keyOfRef(ref);
    const now = effects.objects.has(key) ? effects.objects.get(key) : faulty[key];
    if (now) return void effects.objects.set(key, work(structuredClone(now)) as KubeObject);
    // What the catalogue keeps no copy of (a pod, another namespace) is touched all the same.
    effects.objects.set(key, { apiVersion: ref.apiVersion, kind: ref.kind, metadata: { name: ref.name } });
    effects.impossible.push(`${change.type}: no copy of ${key}`);
  };
  switch (change.type) {
    case 'json-patch':
      return edit(change.object, (object) => patched(object, change.ops));
    case 'merge-patch':
      return edit(change.object, (object) => merged(object, change.patch));
    case 'scale':
      return edit(change.object, (object) => ({ ...object, spec: { ...object.spec, replicas: change.replicas } }));
    case 'set-image':
      return edit(change.object, (object) => withImages(object, change.images));
    case 'rollout-undo':
      return edit(change.object, (object) => {
        const found = revisions.find(
          ({ workload, revision }) => workload === keyOfRef(change.object) && revision === change.revision,
        );
        if (!found) throw new Error(`no revision ${change.revision}`);
        return { ...object, spec: { ...object.spec, template: structuredClone(found.template) } };
      });
    case 'rollout-restart':
      return void effects.restarted.add(keyOfRef(change.object));
    case 'delete':
      return void effects.objects.set(keyOfRef(change.object), null);
    case 'create': {
      const file = files.find(({ name }) => name === change.file);
      if (!file) throw new Error(`no file ${change.file}`);
      for (const document of parseAllDocuments(file.content)) {
        const object = document.toJS() as Loose;
        if (!object?.kind) continue;
        const { apiVersion, kind, metadata } = object;
        // A namespace that the manifest does not name is that of the command; what the cluster shares has none.
        const own = keyOfRef({
          apiVersion,
          kind,
          name: metadata.name,
          namespace: metadata.namespace ?? change.namespace,
        });
        const shared = keyOfRef({ apiVersion, kind, name: metadata.name });
        const key = !metadata.namespace && SHARED.test(kind) ? shared : own;
        effects.objects.set(key, object as KubeObject);
        effects.created.add(key);
      }
      return;
    }
    case 'action':
      return void effects.actions.push(change.call.name);
    case 'start-job':
    case 'await-rollout':
      return;
  }
}

const SHARED =
  /^(PersistentVolume|StorageClass|Namespace|Node|ClusterRole|ClusterRoleBinding|PriorityClass|IngressClass)$/;

/** RFC 6902; tests are taken to hold. */
function patched(object: Loose, ops: readonly Operation[]): Loose {
  for (const { op, path, value } of ops) {
    if (op === 'test') continue;
    const steps = path
      .split('/')
      .slice(1)
      .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = steps.pop()!;
    const parent = steps.reduce((at: Loose, step) => at?.[step], object);
    // Bookkeeping, status and empty maps are left out of copies.
    if (parent === null || typeof parent !== 'object') {
      if (op === 'remove' || steps[0] === 'status') continue;
      throw new Error(`nothing to hold ${path}`);
    }
    if (op === 'remove') {
      if (Array.isArray(parent)) parent.splice(Number(last), 1);
      else delete parent[last];
    } else if (op === 'add' && Array.isArray(parent)) {
      parent.splice(last === '-' ? parent.length : Number(last), 0, value);
    } else parent[last] = structuredClone(value);
  }
  return object;
}

/** RFC 7396. */
function merged(object: Loose, patch: unknown): Loose {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return structuredClone(patch);
  const result = object !== null && typeof object === 'object' && !Array.isArray(object) ? { ...object } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}

function withImages(object: Loose, images: Readonly<Record<string, string>>): Loose {
  const pod = (object.spec.jobTemplate?.spec ?? object.spec).template.spec;
  for (const list of [pod.initContainers ?? [], pod.containers])
    for (const container of list) if (images[container.name]) container.image = images[container.name];
  return object;
}
