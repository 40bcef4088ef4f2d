import type { KubeObject } from '../../domain/kube-object.ts';
import { objectPath } from '../wire/api-request.ts';
import { gainedAccounts } from '../content/accounts.ts';
import type { ContentInput, Grant, Grants, WebhookFacts } from '../content/content-input.ts';
import {
  ADMISSION_GROUP,
  isBinding,
  isRole,
  isWebhookConfiguration,
  RBAC_GROUP,
  rulesOf,
  subjectsOf,
  SYSTEM_NAMESPACES,
} from '../content/content-input.ts';
import { takesRights } from '../content/own-rights.ts';
import type { PolicyRule } from '../content/rbac-rules.ts';
import type { Identity } from '../content/rbac-subjects.ts';
import { rolePath } from '../content/roles.ts';
import { webhooksOf } from '../content/webhooks.ts';
import type { KubeApi } from '../wire/kube-api.ts';
import type { WriteSubject } from './write-subject.ts';

/** What the transaction did or would have done before the write that is judged. */
export interface Earlier {
  /** Objects by API path as rehearsed writes would leave them; null where one would be gone. */
  rehearsed: ReadonlyMap<string, KubeObject | null>;
  /** Writes so far, by the API path of their object. */
  written: ReadonlyArray<{ path: string; before: KubeObject | null; after: KubeObject | null }>;
}

export const NOTHING_EARLIER: Earlier = { rehearsed: new Map(), written: [] };

const RBAC = `/apis/${RBAC_GROUP}/v1`;

/** Reads what the content rules need to know about a write, and only that. What cannot be read is told as such. */
export class ContentReader {
  readonly #api: KubeApi;

  constructor(api: KubeApi) {
    this.#api = api;
  }

  async input(subject: WriteSubject, after: KubeObject | null, earlier: Earlier): Promise<ContentInput> {
    const { ref, api, before } = subject;
    const input: ContentInput = {
      group: api.group,
      resource: api.resource,
      kind: ref.kind,
      namespace: ref.namespace ?? '',
      name: ref.name,
      before,
      after,
      ownHooks: earlier.written.filter(({ path }) => path.startsWith(`/apis/${ADMISSION_GROUP}/`)),
    };
    const reading = new Reading(this.#api, earlier);
    if (isBinding(input) && after) input.role = await reading.roleOf(after, input.namespace);
    if (takesRights(input) || (isRole(input) && after)) input.grants = await reading.grants(input.namespace);
    const accounts = gainedAccounts(input);
    if (accounts.length > 0) {
      const grants = await reading.grants('');
      input.accounts = new Map(accounts.map((name) => [name, grants]));
    }
    if (isWebhookConfiguration(input) && after) input.webhooks = await reading.webhookFacts(after);
    return input;
  }
}

/** The cluster as the rehearsed writes would leave it, read for one write. */
class Reading {
  readonly #api: KubeApi;
  readonly #earlier: Earlier;

  constructor(api: KubeApi, earlier: Earlier) {
    this.#api = api;
    this.#earlier = earlier;
  }

  async roleOf(binding: KubeObject, namespace: string): Promise<PolicyRule[] | 'absent' | 'unreadable'> {
    const { kind = '', name = '' } = (binding.roleRef ?? {}) as { kind?: string; name?: string };
    const path = rolePath(kind, namespace, name);
    const rehearsed = this.#earlier.rehearsed.get(path);
    if (rehearsed !== undefined) return rehearsed ? rulesOf(rehearsed) : 'absent';
    const answer = await this.#api.send('GET', path);
    if (answer.status === 404) return 'absent';
    return answer.status === 200 && answer.object ? rulesOf(answer.object) : 'unreadable';
  }

  /** Every binding that can give rights in the namespace (in the whole cluster when empty), with its role. */
  async grants(namespace: string): Promise<Grants> {
    const inside = namespace ? `/namespaces/${namespace}` : '';
    const [self, clusterRoles, roles, clusterBindings, bindings] = await Promise.all([
      this.#self(),
      this.#list(`${RBAC}/clusterroles`, 'ClusterRole'),
      this.#list(`${RBAC}${inside}/roles`, 'Role'),
      this.#list(`${RBAC}/clusterrolebindings`, 'ClusterRoleBinding'),
      this.#list(`${RBAC}${inside}/rolebindings`, 'RoleBinding'),
    ]);
    const rules = new Map<string, PolicyRule[]>();
    for (const { kind, metadata, ...role } of [...(clusterRoles ?? []), ...(roles ?? [])]) {
      rules.set(rolePath(kind, metadata.namespace ?? '', metadata.name), rulesOf({ kind, metadata, ...role }));
    }
    const known = clusterRoles !== null && roles !== null;
    const grant = (binding: KubeObject): Grant => {
      const place = binding.metadata.namespace ?? '';
      const role = rolePath(binding.roleRef?.kind ?? '', place, binding.roleRef?.name ?? '');
      const resource = place ? 'rolebindings' : 'clusterrolebindings';
      const path = objectPath({ group: RBAC_GROUP, version: 'v1', resource, namespace: place }, binding.metadata.name);
      // A role that does not exist gives nothing.
      return {
        path,
        namespace: place,
        subjects: subjectsOf(binding),
        role,
        rules: rules.get(role) ?? (known ? [] : null),
      };
    };
    return {
      self,
      bindings: clusterBindings && bindings ? [...clusterBindings, ...bindings].map(grant) : null,
      aggregators: clusterRoles?.filter((role) => role.aggregationRule) ?? null,
    };
  }

  async webhookFacts(after: KubeObject): Promise<WebhookFacts> {
    const services = webhooksOf(after).flatMap(({ clientConfig }) => {
      const { namespace, name } = clientConfig?.service ?? {};
      return namespace && name ? [{ namespace, name }] : [];
    });
    const places = [...new Set([...SYSTEM_NAMESPACES, ...services.map(({ namespace }) => namespace)])];
    const namespaces = new Map<string, Record<string, string>>();
    await Promise.all(
      places.map(async (name) => {
        const object = await this.#find(`/api/v1/namespaces/${encodeURIComponent(name)}`);
        namespaces.set(name, object?.metadata.labels ?? {});
      }),
    );
    const ready = new Set<string>();
    await Promise.all(
      services.map(async ({ namespace, name }) => {
        if (await this.#isReady(namespace, name)) ready.add(`${namespace}/${name}`);
      }),
    );
    return { namespaces, ready, written: this.#writtenResources() };
  }

  async #isReady(namespace: string, name: string): Promise<boolean> {
    const inside = `/namespaces/${encodeURIComponent(namespace)}`;
    if (!(await this.#find(`/api/v1${inside}/services/${encodeURIComponent(name)}`))) return false;
    const selector = encodeURIComponent(`kubernetes.io/service-name=${name}`);
    const slices = await this.#list(`/apis/discovery.k8s.io/v1${inside}/endpointslices?labelSelector=${selector}`, '');
    type Endpoint = { addresses?: string[]; conditions?: { ready?: boolean } };
    return (slices ?? []).some((slice) =>
      ((slice.endpoints ?? []) as Endpoint[]).some(
        ({ addresses, conditions }) => (addresses ?? []).length > 0 && conditions?.ready === true,
      ),
    );
  }

  #writtenResources(): Set<string> {
    const paths = [...this.#earlier.written.map(({ path }) => path), ...this.#earlier.rehearsed.keys()];
    return new Set(
      paths.map((path) => {
        const [root, ...rest] = path.split('/').slice(1);
        const group = root === 'apis' ? (rest[0] ?? '') : '';
        const inside = rest.slice(root === 'apis' ? 2 : 1);
        const resource = inside[0] === 'namespaces' && inside.length > 2 ? inside[2] : inside[0];
        return `${group} ${resource ?? ''}`;
      }),
    );
  }

  async #self(): Promise<Identity | null> {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const answer = await this.#api.send('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body });
    const info = answer.status < 300 ? answer.object?.status?.userInfo : undefined;
    return typeof info?.username === 'string' ? { user: info.username, groups: info.groups ?? [] } : null;
  }

  /** Null when it does not exist or may not be read. */
  async #find(path: string): Promise<KubeObject | null> {
    const rehearsed = this.#earlier.rehearsed.get(path);
    if (rehearsed !== undefined) return rehearsed;
    const answer = await this.#api.send('GET', path);
    return answer.status === 200 ? answer.object : null;
  }

  /** Null when it may not be read. What was rehearsed takes the place of what is there. */
  async #list(path: string, kind: string): Promise<KubeObject[] | null> {
    // Null: the caller refuses what it cannot judge.
    const list = await this.#api.list(path).catch(() => null);
    if (!list) return null;
    const [collection = ''] = path.split('?');
    const at = (object: KubeObject) => {
      const inside = object.metadata.namespace ? `/namespaces/${object.metadata.namespace}` : '';
      const cut = collection.lastIndexOf('/');
      const root = collection.slice(0, cut).replace(/\/namespaces\/[^/]+$/, '');
      return `${root}${inside}${collection.slice(cut)}/${encodeURIComponent(object.metadata.name)}`;
    };
    const items = new Map(list.items.map((item) => [at(item), item]));
    for (const [place, object] of this.#earlier.rehearsed) {
      if (object === null) items.delete(place);
      else if (kind !== '' && object.kind === kind && at(object) === place) items.set(place, object);
    }
    return [...items.values()].map((item) => (kind ? { ...item, kind } : item));
  }
}
