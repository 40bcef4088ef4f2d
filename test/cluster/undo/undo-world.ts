import type { KubeObject } from '../../../src/domain/kube-object.ts';
import type { GatewayHarness } from '../gateway/gateway-harness.ts';
import { eventually } from '../gateway/gateway-harness.ts';
import type { ActionContext } from './undo-actions.ts';

/**
 * An independent reading and comparison of everything an action can reach: shares no code with the undo it judges.
 */
export type World = Map<string, unknown>;

const NAMESPACED = [
  '/api/v1/configmaps', '/api/v1/secrets', '/api/v1/services', '/api/v1/serviceaccounts', '/api/v1/persistentvolumeclaims',
  '/api/v1/resourcequotas', '/api/v1/limitranges', '/apis/apps/v1/deployments', '/apis/apps/v1/statefulsets',
  '/apis/apps/v1/daemonsets', '/apis/batch/v1/jobs', '/apis/batch/v1/cronjobs', '/apis/autoscaling/v2/horizontalpodautoscalers',
  '/apis/policy/v1/poddisruptionbudgets', '/apis/networking.k8s.io/v1/ingresses', '/apis/networking.k8s.io/v1/networkpolicies',
  '/apis/rbac.authorization.k8s.io/v1/roles', '/apis/rbac.authorization.k8s.io/v1/rolebindings',
]; // prettier-ignore
/** Cluster-scoped objects of a test carry its suffix in their name. */
const CLUSTER_SCOPED = [
  '/api/v1/namespaces', '/api/v1/nodes', '/api/v1/persistentvolumes', '/apis/storage.k8s.io/v1/storageclasses',
  '/apis/scheduling.k8s.io/v1/priorityclasses', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
]; // prettier-ignore

export async function readWorld(gateway: GatewayHarness, context: ActionContext): Promise<World> {
  const world: World = new Map();
  const note = (object: KubeObject) => world.set(`${object.kind}/${object.metadata.name}`, essence(object));
  const namespaced = NAMESPACED.map(async (path) => {
    const slash = path.lastIndexOf('/');
    return (await gateway.api.list(`${path.slice(0, slash)}/namespaces/${context.namespace}${path.slice(slash)}`))
      .items;
  });
  const clusterScoped = CLUSTER_SCOPED.map(async (path) => {
    const { items } = await gateway.api.list(path);
    return items.filter((item) => item.metadata.name.includes(context.suffix));
  });
  const pods = gateway.api.list(`/api/v1/namespaces/${context.namespace}/pods`);
  const all = (await Promise.all([...namespaced, ...clusterScoped])).flat();
  // Pods of workloads come and go; bare ones count.
  all.push(...(await pods).items.filter((pod) => !pod.metadata.ownerReferences?.length));
  for (const item of all) if (!item.metadata.deletionTimestamp) note(item);
  const custom = await gateway.api.send(
    'GET',
    `/apis/g${context.suffix}.example.test/v1/namespaces/${context.namespace}/gadgets`,
  );
  for (const item of (custom.object?.items ?? []) as KubeObject[]) note(item);
  return world;
}

/** Everything that people write; nothing that the server or a controller numbers, stamps or counts. */
function essence(object: KubeObject): unknown {
  const { metadata, ...rest } = structuredClone(object);
  delete rest.status;
  const { labels = {}, annotations = {}, finalizers } = metadata;
  for (const name of Object.keys(annotations)) {
    if (
      /^(deployment\.kubernetes\.io\/revision|deprecated\.daemonset|pv\.kubernetes\.io|volume\.|node\.alpha|kwok)/.test(
        name,
      )
    )
      delete annotations[name];
  }
  if (object.kind === 'Node') {
    const taints = (rest.spec?.taints ?? []) as Array<{ key: string }>;
    return {
      labels: mine(labels),
      taints: taints.filter((taint) => !taint.key.startsWith('node.kubernetes.io/')),
      unschedulable: rest.spec?.unschedulable ?? false,
    };
  }
  return { ...rest, labels, annotations, finalizers: finalizers ?? [] };
}

function mine(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !name.includes('beta.kubernetes.io')));
}

/** `Kind/name path: before -> after` for every difference. */
export function worldDifference(before: World, after: World): string[] {
  const lines: string[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    if (!before.has(key)) lines.push(`${key}: appeared`);
    else if (!after.has(key)) lines.push(`${key}: gone`);
    else compare(key, before.get(key), after.get(key), lines);
  }
  return lines;
}

function compare(path: string, a: unknown, b: unknown, lines: string[]): void {
  if (
    typeof a === 'object' &&
    a !== null &&
    typeof b === 'object' &&
    b !== null &&
    Array.isArray(a) === Array.isArray(b)
  ) {
    const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
      compare(`${path}.${key}`, left[key], right[key], lines);
  } else if (a !== b) lines.push(`${path}: ${JSON.stringify(a)} -> ${JSON.stringify(b)}`);
}

const COLLECTIONS: Record<string, string> = {
  Deployment: 'deployments', ReplicaSet: 'replicasets', StatefulSet: 'statefulsets', DaemonSet: 'daemonsets', Service: 'services', ConfigMap: 'configmaps',
  Secret: 'secrets', CronJob: 'cronjobs', Job: 'jobs', Pod: 'pods', HorizontalPodAutoscaler: 'horizontalpodautoscalers',
  PodDisruptionBudget: 'poddisruptionbudgets', Ingress: 'ingresses', NetworkPolicy: 'networkpolicies', Role: 'roles',
  RoleBinding: 'rolebindings', PersistentVolumeClaim: 'persistentvolumeclaims', PersistentVolume: 'persistentvolumes',
  StorageClass: 'storageclasses', Node: 'nodes', CustomResourceDefinition: 'customresourcedefinitions', Gadget: 'gadgets',
  ValidatingWebhookConfiguration: 'validatingwebhookconfigurations', Namespace: 'namespaces',
}; // prettier-ignore

export function collectionOf(object: KubeObject): string {
  const root = object.apiVersion.includes('/') ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`;
  const inside = object.metadata.namespace ? `/namespaces/${object.metadata.namespace}` : '';
  const resource = COLLECTIONS[object.kind];
  if (!resource) throw new Error(`no collection known for ${object.kind}`);
  return `${root}${inside}/${resource}`;
}

/** Controllers back off while an API server is away. */
const CONTROLLERS_MS = 120_000;

/** Creates the namespace and the objects, as somebody else would have. */
export async function createFixtures(
  gateway: GatewayHarness,
  context: ActionContext,
  objects: KubeObject[],
): Promise<void> {
  await post(gateway, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: context.namespace } });
  await eventually(
    'the default service account',
    () => gateway.get(`/api/v1/namespaces/${context.namespace}/serviceaccounts/default`),
    CONTROLLERS_MS,
  );
  await eventually(
    'the root certificate',
    () => gateway.get(`/api/v1/namespaces/${context.namespace}/configmaps/kube-root-ca.crt`),
    CONTROLLERS_MS,
  );
  for (const object of objects) {
    await eventually(`creating ${object.kind}`, () => post(gateway, object));
  }
}

/** Also waits for a CRD to be served: 404 until then. */
async function post(gateway: GatewayHarness, object: KubeObject): Promise<boolean> {
  const answer = await gateway.api.send('POST', `${collectionOf(object)}?fieldManager=fixture`, { body: object });
  if (answer.status >= 300 && answer.status !== 404 && answer.status !== 409)
    throw new Error(`fixture ${object.kind}: ${answer.message}`);
  return answer.status < 300 || answer.status === 409;
}

export async function removeClusterScoped(gateway: GatewayHarness, context: ActionContext): Promise<void> {
  for (const path of CLUSTER_SCOPED) {
    for (const item of (await gateway.api.list(path)).items) {
      if (!item.metadata.name.includes(context.suffix) || item.metadata.deletionTimestamp) continue;
      await gateway.api.send('DELETE', `${path}/${item.metadata.name}`);
    }
  }
}
