import type { KubeObject } from '../domain/kube-object.ts';
import { refLabel, refOf } from '../domain/kube-object.ts';
import type { SeverityItem } from '../domain/severity.ts';
import { readyEndpoints } from '../kube/endpoints.ts';
import { labelSelectorMatches } from '../kube/labels.ts';
import type { ClusterView } from '../kube/cluster-view.ts';
import { healthItem } from './health-findings.ts';

type Untyped = KubeObject['spec'];

/**
 * Admission webhooks that certainly refuse every new pod of the scope: failurePolicy Fail, and a Service in scope that is
 * gone or has nothing behind it. Services elsewhere are not in the snapshot: of those nothing is said.
 */
export function webhookHealth(cluster: ClusterView): SeverityItem[] {
  return ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration']
    .flatMap((kind) => cluster.all(kind))
    .flatMap((config) => {
      const dead = ((config['webhooks'] ?? []) as Untyped[]).find((hook) => refusesPods(hook, cluster));
      if (!dead) return [];
      const ref = refOf(config);
      const { namespace, name } = dead.clientConfig.service;
      const text = `webhook ${dead.name} refuses every new pod: Service ${namespace}/${name} has no ready endpoint`;
      return [healthItem(ref, 'refuses-pods', 1, `${refLabel(ref)}: ${text}`)];
    });
}

function refusesPods(hook: Untyped, cluster: ClusterView): boolean {
  const { namespace, name } = hook?.clientConfig?.service ?? {};
  if ((hook?.failurePolicy ?? 'Fail') !== 'Fail' || !name || !cluster.snapshot.namespaces.includes(namespace))
    return false;
  const narrowed = Object.keys(hook.objectSelector ?? {}).length > 0 || (hook.matchConditions ?? []).length > 0;
  if (narrowed || !((hook.rules ?? []) as Untyped[]).some(matchesNewPods)) return false;
  if (!cluster.snapshot.namespaces.some((one) => selects(hook.namespaceSelector, one, cluster))) return false;
  const service = cluster.find('Service', namespace, name);
  return !service || (service.spec?.type !== 'ExternalName' && readyEndpoints(cluster.slicesOf(service)) === 0);
}

function matchesNewPods(rule: Untyped): boolean {
  const has = (field: string, ...words: string[]) => (rule?.[field] ?? []).some((one: string) => words.includes(one));
  return has('apiGroups', '', '*') && has('resources', 'pods', '*', '*/*') && has('operations', 'CREATE', '*');
}

function selects(selector: Untyped, namespace: string, cluster: ClusterView): boolean {
  if (Object.keys(selector ?? {}).length === 0) return true;
  const object = cluster.find('Namespace', undefined, namespace);
  return object !== undefined && labelSelectorMatches(selector, object.metadata.labels);
}
