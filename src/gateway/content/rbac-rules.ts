import { printJson } from '../../json/lossless-json.ts';
/** One rule of a Role or ClusterRole. */
export interface PolicyRule {
  verbs?: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

const words = (text: string) => text.trim().split(/\s+/);

/**
 * What a rule may let its holders read, by group: what the built-in ClusterRole `view` shows, and cluster-wide kinds
 * that describe the cluster. Left out are Secrets, everything that streams, roles, and custom resources, which may
 * hold anything.
 */
const READABLE = new Map<string, Set<string>>(
  Object.entries({
    '': `pods pods/log pods/status services services/status endpoints configmaps events bindings namespaces namespaces/status
      persistentvolumeclaims persistentvolumeclaims/status persistentvolumes persistentvolumes/status nodes nodes/status
      replicationcontrollers replicationcontrollers/scale replicationcontrollers/status resourcequotas
      resourcequotas/status limitranges serviceaccounts podtemplates`,
    apps: `deployments deployments/scale deployments/status statefulsets statefulsets/scale statefulsets/status daemonsets
      daemonsets/status replicasets replicasets/scale replicasets/status controllerrevisions`,
    extensions: `daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status
      networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale`,
    batch: 'jobs jobs/status cronjobs cronjobs/status',
    autoscaling: 'horizontalpodautoscalers horizontalpodautoscalers/status',
    policy: 'poddisruptionbudgets poddisruptionbudgets/status',
    'networking.k8s.io': 'ingresses ingresses/status ingressclasses networkpolicies servicecidrs ipaddresses',
    'discovery.k8s.io': 'endpointslices',
    'events.k8s.io': 'events',
    'coordination.k8s.io': 'leases',
    'storage.k8s.io': 'storageclasses csidrivers csinodes csistoragecapacities volumeattachments',
    'scheduling.k8s.io': 'priorityclasses',
    'node.k8s.io': 'runtimeclasses',
    'resource.k8s.io': 'resourceclaims resourceclaims/status resourceclaimtemplates deviceclasses resourceslices',
    'metrics.k8s.io': 'pods nodes',
    'apiextensions.k8s.io': 'customresourcedefinitions customresourcedefinitions/status',
  }).map(([group, resources]) => [group, new Set(words(resources))]),
);
const READ = new Set(['get', 'list', 'watch']);

/** What a rule may let its holders write, where it holds in one namespace that is not the system's. */
const WRITABLE = new Map<string, Set<string>>(
  Object.entries({
    ' configmaps': 'create update patch delete',
    ' events': 'create update patch',
    ' pods': 'delete',
    ' pods/eviction': 'create',
    'apps deployments/scale': 'update patch',
    'apps statefulsets/scale': 'update patch',
    'apps replicasets/scale': 'update patch',
    'events.k8s.io events': 'create update patch',
    'coordination.k8s.io leases': 'create update patch delete',
  }).map(([key, verbs]) => [key, new Set(words(verbs))]),
);
/** What may be written everywhere. */
const WRITABLE_EVERYWHERE = new Set([' events', 'events.k8s.io events']);
const SYSTEM_NAMESPACES = new Set(['kube-system', 'kube-public', 'kube-node-lease']);
const READABLE_URLS = /^\/(healthz|livez|readyz|version|api|apis|openapi)(\/[^*]*|\/\*)?$/;

/**
 * Why a rule gives more than what is known to be harmless; null when it does not.
 * @param namespace where it holds; empty: in the whole cluster
 */
export function farReaching(rule: PolicyRule, namespace: string): string | null {
  const verbs = rule.verbs ?? [];
  const urls = rule.nonResourceURLs ?? [];
  if (urls.length > 0) {
    const harmless = urls.every((url) => READABLE_URLS.test(url)) && verbs.every((verb) => verb === 'get');
    if (!harmless) return 'paths outside the API are given only for health and discovery';
  }
  const groups = rule.apiGroups ?? [];
  const unknown = groups.find((group) => !READABLE.has(group));
  if (unknown !== undefined) return `group ${printJson(unknown)} is not on the list of harmless ones`;
  for (const resource of rule.resources ?? []) {
    const holders = groups.filter((group) => isKnown(group, resource));
    if (holders.length === 0) return `${resource} is not on the list of harmless resources`;
    for (const verb of verbs) {
      const refused = holders.some((group) => !isHarmless(verb, group, resource, rule, namespace));
      if (refused) return `${verb} ${resource} is not on the list of harmless rights`;
    }
  }
  return null;
}

function isKnown(group: string, resource: string): boolean {
  return READABLE.get(group)?.has(resource) === true || WRITABLE.has(`${group} ${resource}`);
}

function isHarmless(verb: string, group: string, resource: string, rule: PolicyRule, namespace: string): boolean {
  if (READ.has(verb)) return READABLE.get(group)?.has(resource) === true;
  const key = `${group} ${resource}`;
  if (!WRITABLE.get(key)?.has(verb)) return false;
  if (WRITABLE_EVERYWHERE.has(key)) return true;
  if (namespace === '' || SYSTEM_NAMESPACES.has(namespace)) return false;
  if (resource !== 'leases' || verb === 'create') return true;
  // The writer lock may live in any namespace.
  const names = rule.resourceNames ?? [];
  return names.length > 0 && names.every((name) => !name.startsWith('stratus-'));
}

/** True when every right that `rule` gives is given by `rules` too. Wildcards count only against wildcards. */
export function covers(rules: PolicyRule[], rule: PolicyRule): boolean {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  return verbs.every(
    (verb) =>
      nonResourceURLs.every((url) =>
        rules.some((held) => has(held.verbs, verb) && (held.nonResourceURLs ?? []).some((one) => urlCovers(one, url))),
      ) &&
      apiGroups.every((group) =>
        resources.every((resource) =>
          (resourceNames.length > 0 ? resourceNames : [null]).every((name) =>
            rules.some((held) => has(held.verbs, verb) && holds(held, group, resource, name)),
          ),
        ),
      ),
  );
}

function holds(held: PolicyRule, group: string, resource: string, name: string | null): boolean {
  const names = held.resourceNames ?? [];
  const named = names.length === 0 || (name !== null && names.includes(name));
  const sub = resource.includes('/') ? `*${resource.slice(resource.indexOf('/'))}` : resource;
  return named && has(held.apiGroups, group) && (has(held.resources, resource) || has(held.resources, sub));
}

function has(list: string[] | undefined, word: string): boolean {
  return list?.includes(word) === true || list?.includes('*') === true;
}

function urlCovers(held: string, url: string): boolean {
  return held === url || (held.endsWith('*') && url.startsWith(held.slice(0, -1)));
}
