import type { KubeObject } from '../../domain/kube-object.ts';
import type { ContentRule } from './content-input.ts';

const refused = (reason: string) => ({ rule: 'system-object', reason: `${reason}; do it by hand` });

/** ConfigMaps of kube-system that say who is who, or how the control plane and its nodes are run. */
const IDENTITY_MAPS =
  /^(aws-auth|extension-apiserver-authentication|kubeadm-config|kubelet-config(-.*)?|kube-apiserver-.*|cluster-info)$/;

/** Objects by which the cluster itself runs, and which give rights or take the API away. */
export const judgeSystemObject: ContentRule = ({ group, kind, namespace, name }) => {
  if (namespace === 'kube-public') return refused('kube-public holds what everybody trusts without a credential');
  if (namespace === 'kube-node-lease') return refused('kube-node-lease holds the heartbeats of the nodes');
  if (namespace === 'kube-system') {
    if (group === '' && kind === 'ConfigMap' && IDENTITY_MAPS.test(name)) {
      return refused(`ConfigMap ${name} gives rights or runs the control plane`);
    }
    if (group === 'coordination.k8s.io')
      return refused(`${kind} ${name} decides which part of the control plane leads`);
  }
  const api = namespace === 'default' && name === 'kubernetes';
  if (api && ['Service', 'Endpoints', 'EndpointSlice'].includes(kind))
    return refused('it is the way to the API server');
  return null;
};

const LEVELS = ['privileged', 'baseline', 'restricted'];
const ENFORCE = 'pod-security.kubernetes.io/enforce';
/** Claims in such a namespace may take devices that others use. */
const DEVICES = 'resource.kubernetes.io/admin-access';

/** Namespaces keep the pod security that is enforced in them, and gain no access to devices of others. */
export const judgeNamespace: ContentRule = ({ group, kind, name, before, after }) => {
  if (group !== '' || kind !== 'Namespace' || !after) return null;
  const label = (object: KubeObject | null, key: string) => object?.metadata.labels?.[key];
  const refusal = (key: string) => ({
    rule: 'privilege',
    reason: `pods in Namespace ${name} would be allowed more (${key})`,
  });
  if (label(after, DEVICES) === 'true' && label(before, DEVICES) !== 'true') return refusal(DEVICES);
  const level = (object: KubeObject) => LEVELS.indexOf(label(object, ENFORCE) ?? 'privileged');
  return before && level(after) < level(before) ? refusal(ENFORCE) : null;
};

/** Addresses that a Service takes over from whoever has them. */
export const judgeService: ContentRule = ({ group, kind, name, before, after }) => {
  if (group !== '' || kind !== 'Service' || !after) return null;
  const addresses = (object: KubeObject | null) => (object?.spec?.externalIPs ?? []) as string[];
  const gained = addresses(after).find((address) => !addresses(before).includes(address));
  return gained ? { rule: 'privilege', reason: `Service/${name} would take over address ${String(gained)}` } : null;
};

/** The finalizers that an object has are somebody's clean-up. */
export const judgeFinalizers: ContentRule = ({ before, after }) => {
  if (!before || !after) return null;
  const lost = (before.metadata.finalizers ?? []).filter((name) => !after.metadata.finalizers?.includes(name));
  if (lost.length === 0) return null;
  return { rule: 'finalizer', reason: `removing finalizer ${lost.join(', ')} skips the clean-up that waits for it` };
};
