/** One built-in resource kind. `group` is empty for the core group. */
export interface ResourceKind {
  plural: string;
  kind: string;
  group: string;
  namespaced: boolean;
  shortNames: readonly string[];
}

/** plural | Kind | group | N namespaced or C cluster | short names */
const TABLE = `
bindings|Binding||N|
componentstatuses|ComponentStatus||C|cs
configmaps|ConfigMap||N|cm
endpoints|Endpoints||N|ep
events|Event||N|ev
limitranges|LimitRange||N|limits
namespaces|Namespace||C|ns
nodes|Node||C|no
persistentvolumeclaims|PersistentVolumeClaim||N|pvc
persistentvolumes|PersistentVolume||C|pv
pods|Pod||N|po
podtemplates|PodTemplate||N|
replicationcontrollers|ReplicationController||N|rc
resourcequotas|ResourceQuota||N|quota
secrets|Secret||N|
serviceaccounts|ServiceAccount||N|sa
services|Service||N|svc
mutatingwebhookconfigurations|MutatingWebhookConfiguration|admissionregistration.k8s.io|C|
validatingadmissionpolicies|ValidatingAdmissionPolicy|admissionregistration.k8s.io|C|
validatingadmissionpolicybindings|ValidatingAdmissionPolicyBinding|admissionregistration.k8s.io|C|
mutatingadmissionpolicies|MutatingAdmissionPolicy|admissionregistration.k8s.io|C|
mutatingadmissionpolicybindings|MutatingAdmissionPolicyBinding|admissionregistration.k8s.io|C|
validatingwebhookconfigurations|ValidatingWebhookConfiguration|admissionregistration.k8s.io|C|
customresourcedefinitions|CustomResourceDefinition|apiextensions.k8s.io|C|crd,crds
apiservices|APIService|apiregistration.k8s.io|C|
controllerrevisions|ControllerRevision|apps|N|
daemonsets|DaemonSet|apps|N|ds
deployments|Deployment|apps|N|deploy
replicasets|ReplicaSet|apps|N|rs
statefulsets|StatefulSet|apps|N|sts
horizontalpodautoscalers|HorizontalPodAutoscaler|autoscaling|N|hpa
cronjobs|CronJob|batch|N|cj
jobs|Job|batch|N|
certificatesigningrequests|CertificateSigningRequest|certificates.k8s.io|C|csr
clustertrustbundles|ClusterTrustBundle|certificates.k8s.io|C|
leases|Lease|coordination.k8s.io|N|
endpointslices|EndpointSlice|discovery.k8s.io|N|
flowschemas|FlowSchema|flowcontrol.apiserver.k8s.io|C|
prioritylevelconfigurations|PriorityLevelConfiguration|flowcontrol.apiserver.k8s.io|C|
nodes|NodeMetrics|metrics.k8s.io|C|
pods|PodMetrics|metrics.k8s.io|N|
ingressclasses|IngressClass|networking.k8s.io|C|
ingresses|Ingress|networking.k8s.io|N|ing
ipaddresses|IPAddress|networking.k8s.io|C|ip
networkpolicies|NetworkPolicy|networking.k8s.io|N|netpol
servicecidrs|ServiceCIDR|networking.k8s.io|C|
runtimeclasses|RuntimeClass|node.k8s.io|C|
poddisruptionbudgets|PodDisruptionBudget|policy|N|pdb
clusterrolebindings|ClusterRoleBinding|rbac.authorization.k8s.io|C|
clusterroles|ClusterRole|rbac.authorization.k8s.io|C|
rolebindings|RoleBinding|rbac.authorization.k8s.io|N|
roles|Role|rbac.authorization.k8s.io|N|
deviceclasses|DeviceClass|resource.k8s.io|C|
resourceclaims|ResourceClaim|resource.k8s.io|N|
resourceclaimtemplates|ResourceClaimTemplate|resource.k8s.io|N|
resourceslices|ResourceSlice|resource.k8s.io|C|
priorityclasses|PriorityClass|scheduling.k8s.io|C|pc
csidrivers|CSIDriver|storage.k8s.io|C|
csinodes|CSINode|storage.k8s.io|C|
csistoragecapacities|CSIStorageCapacity|storage.k8s.io|N|
storageclasses|StorageClass|storage.k8s.io|C|sc
volumeattachments|VolumeAttachment|storage.k8s.io|C|
volumeattributesclasses|VolumeAttributesClass|storage.k8s.io|C|vac
`;

const KINDS: readonly ResourceKind[] = TABLE.trim()
  .split('\n')
  .map((line) => {
    const [plural = '', kind = '', group = '', scope, shorts = ''] = line.split('|');
    return { plural, kind, group, namespaced: scope === 'N', shortNames: shorts.split(',').filter(Boolean) };
  });

const BY_SHORT = new Map(KINDS.flatMap((kind) => kind.shortNames.map((short) => [short, kind] as const)));
const BY_NAME = new Map<string, ResourceKind>();
for (const kind of KINDS) {
  for (const name of [kind.plural, kind.kind.toLowerCase()]) if (!BY_NAME.has(name)) BY_NAME.set(name, kind);
}

/**
 * Resolves a resource word as kubectl does: plural, singular or Kind in any case, short names in lower case, each with
 * an optional `.group` or `.version.group` (`namespaces.v1.` is the core group). Undefined: not built in, so perhaps a
 * custom resource; only discovery can tell.
 */
export function resolveResource(word: string): ResourceKind | undefined {
  const [head = '', ...tail] = word.split('.');
  const kind = BY_SHORT.get(head) ?? BY_NAME.get(head.toLowerCase());
  if (!kind || tail.length === 0) return kind;
  const whole = tail.join('.');
  const afterVersion = tail.slice(1).join('.');
  const groups = tail.length > 1 ? [whole, afterVersion] : [whole];
  const matches = groups.some((group) => (group === '' ? kind.group === '' : kind.group.startsWith(group)));
  return matches ? kind : undefined;
}

/** The built-in kind of a manifest's `apiVersion` and `kind`; undefined if it is not built in. */
export function kindOfManifest(apiVersion: string, kind: string): ResourceKind | undefined {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  return KINDS.find((candidate) => candidate.kind === kind && candidate.group === group);
}

const WORKLOADS = new Set([
  'deployments',
  'statefulsets',
  'daemonsets',
  'replicasets',
  'replicationcontrollers',
  'jobs',
  'cronjobs',
]);

/** Kinds that run pods. */
export function isWorkload(kind: ResourceKind): boolean {
  return WORKLOADS.has(kind.plural);
}

/** Kinds whose deletion cannot be undone, so that no agent may ever delete them. */
const NEVER_DELETE = new Set([
  'namespaces',
  'persistentvolumes',
  'customresourcedefinitions',
  'apiservices',
  'serviceaccounts',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'validatingwebhookconfigurations',
  'mutatingwebhookconfigurations',
]);

/** True for kinds on the never-delete list. */
export function isNeverDeleted(kind: ResourceKind): boolean {
  return NEVER_DELETE.has(kind.plural);
}
