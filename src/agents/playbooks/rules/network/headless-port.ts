import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { NamedHost } from '../../../../kube/named-hosts.ts';
import { LAST_APPLIED_FIELD, lastApplied } from '../../../../kube/pod-template.ts';
import { listens } from '../../../../kube/port-knowledge.ts';
import { backendsOf, servicePorts } from '../../../../kube/service-backends.ts';
import { evidence } from '../../engine/analyzer.ts';

/** The port of an address that names none, by its scheme. */
export function portInFront({ text, at }: NamedHost): number | null {
  const before = text.slice(0, at);
  if (/\bhttp:\/\/$/i.test(before)) return 80;
  return /\bhttps:\/\/$/i.test(before) ? 443 : null;
}

/**
 * The targetPort of a port of a headless Service, where it is another one and pods do not listen on the port itself:
 * DNS hands out the pods' addresses, and nothing maps ports (kubernetes.io: Headless Services). Null otherwise.
 */
export function unmappedTarget(view: ClusterView, service: KubeObject, port: number): string | number | null {
  if (service.spec?.clusterIP !== 'None' || service.spec.type === 'ExternalName') return null;
  const asked = servicePorts(service).find(({ number }) => number === port);
  if (!asked || asked.target === port) return null;
  const backends = backendsOf(view, service);
  const answers = backends.map(({ knowledge }) => [
    listens(knowledge, port, asked.protocol),
    listens(knowledge, asked.target, asked.protocol),
  ]);
  const elsewhere = answers.length > 0 && answers.every(([here, there]) => here !== 'yes' && there === 'yes');
  return elsewhere ? asked.target : null;
}

export function headlessEvidence(service: KubeObject): Evidence[] {
  const applied = lastApplied(service)?.spec;
  return [
    evidence('spec', service, 'spec.clusterIP', 'spec.clusterIP is None'),
    ...(applied && applied.clusterIP !== 'None'
      ? [
          evidence(
            'revision',
            service,
            LAST_APPLIED_FIELD,
            'the configuration last applied does not ask for clusterIP None',
          ),
        ]
      : []),
  ];
}
