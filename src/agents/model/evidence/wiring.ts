import type { Evidence } from '../../../domain/finding.ts';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { classOf } from '../../../kube/claims.ts';
import type { ClusterView } from '../../../kube/cluster-view.ts';
import { configReferences, keysOf } from '../../../kube/config-references.ts';
import { ingressBackends } from '../../../kube/ingress-backends.ts';
import { policySelects } from '../../../kube/network-policy.ts';
import { podTemplateOf } from '../../../kube/pod-template.ts';
import { isReady } from '../../../kube/pods.ts';
import { consumersOfClaim } from '../../../kube/subjects.ts';
import { factOf } from './facts.ts';
import { serviceWiring } from './service-wiring.ts';
import { absent, listed, portList } from './wiring-words.ts';
import { workloadWiring } from './workload-wiring.ts';

/** How an object hangs together with others: what it leads to, needs and is used by. Unknown is said. */
export function wiringFacts(view: ClusterView, object: KubeObject): Evidence[] {
  switch (object.kind) {
    case 'Service':
      return serviceWiring(view, object);
    case 'Ingress':
      return ingressBackends(object).map(({ name, port, field }) => {
        const service = view.find('Service', object.metadata.namespace, name);
        const asked = port?.number ?? port?.name ?? 'any';
        return factOf(
          'sibling',
          object,
          `leads to Service ${name} port ${asked}: ${service ? portList(service) : absent(view, 'Service')}`,
          field,
        );
      });
    case 'PersistentVolumeClaim':
      return claimWiring(view, object);
    case 'ConfigMap':
    case 'Secret':
      return [
        factOf('sibling', object, `entries: ${listed(keysOf(object))}; used by ${listed(usersOfConfig(view, object))}`),
      ];
    case 'HorizontalPodAutoscaler': {
      const { kind, name } = object.spec?.scaleTargetRef ?? {};
      const target = view.find(String(kind), object.metadata.namespace, String(name));
      return [
        factOf(
          'sibling',
          object,
          `scales ${String(kind)}/${String(name)}, which ${target ? 'is there' : absent(view, String(kind))}`,
          'spec.scaleTargetRef',
        ),
      ];
    }
    case 'NetworkPolicy':
      return [factOf('sibling', object, `selects the pods of ${listed(selectedBy(view, object))}`, 'spec.podSelector')];
    case 'Node': {
      const pods = view.all('Pod').filter(({ spec }) => spec?.nodeName === object.metadata.name);
      return [
        factOf('sibling', object, `carries ${pods.length} pods in scope, ${pods.filter(isReady).length} of them ready`),
      ];
    }
    default:
      return podTemplateOf(object) ? workloadWiring(view, object) : [];
  }
}

function claimWiring(view: ClusterView, claim: KubeObject): Evidence[] {
  const asked: unknown = claim.spec?.storageClassName;
  const found = classOf(claim, view.snapshot);
  const classes = view.all('StorageClass').map(({ metadata }) => metadata.name);
  const storage = found
    ? `provisioner ${String(found['provisioner'])}, ${String(found['volumeBindingMode'] ?? 'Immediate')}`
    : `${absent(view, 'StorageClass')}; there are ${listed(classes)}`;
  const users = consumersOfClaim(view, claim.metadata.namespace, claim.metadata.name).map(
    (one) => `${one.kind}/${one.metadata.name}`,
  );
  return [
    factOf('sibling', claim, `StorageClass ${String(asked ?? '(default)')}: ${storage}`, 'spec.storageClassName'),
    factOf('sibling', claim, `used by ${listed(users)}`),
  ];
}

function usersOfConfig(view: ClusterView, { kind, metadata }: KubeObject): string[] {
  return view
    .workloads()
    .filter((workload) => {
      if (workload.metadata.namespace !== metadata.namespace) return false;
      const spec = podTemplateOf(workload)?.spec;
      const uses = configReferences(spec).some((use) => use.kind === kind && use.name === metadata.name);
      return uses || (kind === 'Secret' && JSON.stringify(spec?.imagePullSecrets ?? []).includes(`"${metadata.name}"`));
    })
    .map((workload) => `${workload.kind}/${workload.metadata.name}`);
}

function selectedBy(view: ClusterView, policy: KubeObject): string[] {
  return view
    .workloads()
    .filter(({ metadata }) => metadata.namespace === policy.metadata.namespace)
    .filter((workload) => policySelects(policy.spec?.podSelector ?? {}, podTemplateOf(workload)?.labels ?? {}))
    .map((workload) => `${workload.kind}/${workload.metadata.name}`);
}
