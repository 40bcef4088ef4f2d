/** One resource (or sub-resource) of a group version, as the server's discovery names it. */
export interface ApiResource {
  /** Plural name; `deployments/scale` for a sub-resource. */
  name: string;
  kind: string;
  namespaced: boolean;
  verbs: string[];
}

/** Reads JSON from the API server; null for 404. */
export type FetchJson = (path: string) => Promise<Record<string, unknown> | null>;

/** Groups built into every API server; all others are custom resources or aggregated servers. */
export const BUILT_IN_GROUPS: ReadonlySet<string> = new Set([
  '', 'apps', 'batch', 'autoscaling', 'policy', 'extensions', 'apiextensions.k8s.io', 'admissionregistration.k8s.io',
  'apiregistration.k8s.io', 'authentication.k8s.io', 'authorization.k8s.io', 'certificates.k8s.io',
  'coordination.k8s.io', 'discovery.k8s.io', 'events.k8s.io', 'flowcontrol.apiserver.k8s.io', 'networking.k8s.io',
  'node.k8s.io', 'rbac.authorization.k8s.io', 'resource.k8s.io', 'scheduling.k8s.io', 'storage.k8s.io',
  'internal.apiserver.k8s.io', 'storagemigration.k8s.io',
]); // prettier-ignore

/**
 * Resource names to kinds through the server's discovery, cached. A miss is looked up again once per `refresh`
 * interval of the caller: a CRD may have been created by the step before.
 */
export class Discovery {
  readonly #fetchJson: FetchJson;
  readonly #versions = new Map<string, Promise<ApiResource[] | null>>();
  readonly #local = new Map<string, Promise<boolean>>();

  constructor(fetchJson: FetchJson) {
    this.#fetchJson = fetchJson;
  }

  /** Null when the server does not serve it. */
  async resource(group: string, version: string, resource: string, subresource = ''): Promise<ApiResource | null> {
    const wanted = subresource ? `${resource}/${subresource}` : resource;
    const find = async () => (await this.resources(group, version))?.find((entry) => entry.name === wanted) ?? null;
    const found = await find();
    if (found || BUILT_IN_GROUPS.has(group)) return found;
    this.#versions.delete(`${group}/${version}`);
    return find();
  }

  /** The plural resource of a kind; null when unknown. */
  async resourceOfKind(
    apiVersion: string,
    kind: string,
  ): Promise<(ApiResource & { group: string; version: string }) | null> {
    const [group, version] = splitApiVersion(apiVersion);
    const find = async () =>
      (await this.resources(group, version))?.find((entry) => entry.kind === kind && !entry.name.includes('/'));
    let found = await find();
    if (!found) {
      this.#versions.delete(`${group}/${version}`);
      found = await find();
    }
    return found ? { ...found, group, version } : null;
  }

  async resources(group: string, version: string): Promise<ApiResource[] | null> {
    const key = `${group}/${version}`;
    let pending = this.#versions.get(key);
    if (!pending) {
      pending = this.#read(group, version);
      this.#versions.set(key, pending);
      // The caller gets the failure; the next one tries again.
      pending.catch(() => this.#versions.delete(key));
    }
    return pending;
  }

  /**
   * True when the group is served by the API server itself (built in or by a CRD). An aggregated server may ignore
   * dryRun and really write, so that unknown means false.
   */
  async servedLocally(group: string, version: string): Promise<boolean> {
    if (BUILT_IN_GROUPS.has(group)) return true;
    const key = `${version}.${group}`;
    let pending = this.#local.get(key);
    if (!pending) {
      pending = this.#fetchJson(`/apis/apiregistration.k8s.io/v1/apiservices/${key}`).then((service) => {
        const spec = service?.spec as { service?: unknown } | undefined;
        return spec !== undefined && spec.service == null;
      });
      this.#local.set(key, pending);
      pending.then(
        (yes) => !yes && this.#local.delete(key),
        () => this.#local.delete(key),
      );
    }
    return pending;
  }

  async #read(group: string, version: string): Promise<ApiResource[] | null> {
    const list = await this.#fetchJson(group ? `/apis/${group}/${version}` : `/api/${version}`);
    if (!list) return null;
    const resources = Array.isArray(list.resources) ? (list.resources as ApiResource[]) : [];
    return resources.map(({ name, kind, namespaced, verbs }) => ({ name, kind, namespaced, verbs: verbs ?? [] }));
  }
}

export function splitApiVersion(apiVersion: string): [group: string, version: string] {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}
