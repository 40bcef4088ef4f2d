import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject, ObjectRef } from '../../../../domain/kube-object.ts';
import { refLabel, refOf } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { configReferences } from '../../../../kube/config-references.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { podTemplateOf } from '../../../../kube/pod-template.ts';
import { workloadsTouchedBy } from '../../../../kube/subjects.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { listOf } from '../../../../kube/untyped-list.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const CERTIFICATE_EXPIRING = 'certificate-expiring';

/** As a snapshot names what cert-manager keeps. */
const CERTIFICATES = 'Certificate.cert-manager.io';
const BY_NAME = 'cert-manager.io/certificate-name';

/** Certificates that are about to end, or have: who has to renew them, and how. */
export function analyzeCertificateExpiring({ view, signals }: AnalyzerContext): Finding[] {
  const told = (signals?.reading.signals ?? []).filter(
    ({ kind, level, object }) => kind === 'certificate' && level !== 'forecast' && object !== null,
  );
  return told.map(({ object, message, others, value }) => {
    const ref = secretBehind(view, object!);
    const issued = certificateOf(view, [ref, ...others]);
    const users = usersOf(view, ref);
    return makeFinding({
      rule: CERTIFICATE_EXPIRING,
      severity: value <= 0 ? 'critical' : 'warning',
      object: ref,
      what: 'expiry',
      message: `${message[0]?.toUpperCase()}${message.slice(1)}`,
      evidence: [
        evidence('metric', ref, null, message),
        ...users.map((user) => evidence('sibling', user, null, `${user.kind} ${user.metadata.name} serves it`)),
        ...(issued ? conditionsOf(issued).map((text) => evidence('status', issued, 'status.conditions', text)) : []),
      ],
      unfixed: issued ? renewal(issued) : replacement(view, ref),
    });
  });
}

/** A probe knows a host only: the one TLS Secret that whoever answers there reads is what has to be renewed. */
function secretBehind(view: ClusterView, ref: ObjectRef): ObjectRef {
  if (ref.kind === 'Secret' || ref.kind === 'Certificate' || ref.kind === 'Ingress') return ref;
  const own = view.find(ref.kind, ref.namespace, ref.name);
  const serving = ref.kind === 'Service' ? workloadsTouchedBy(view, ref) : own ? [own] : [];
  const names = serving.flatMap((workload) =>
    configReferences(podTemplateOf(workload)?.spec ?? {}).flatMap(({ kind, name }) =>
      kind === 'Secret' ? [name] : [],
    ),
  );
  const secrets = [...new Set(names)]
    .map((name) => view.find('Secret', ref.namespace, name))
    .filter((secret) => secret?.['type'] === 'kubernetes.io/tls');
  return secrets.length === 1 ? refOf(secrets[0]!) : ref;
}

function certificateOf(view: ClusterView, refs: readonly ObjectRef[]): KubeObject | undefined {
  const all = view.all(CERTIFICATES);
  return all.find(({ metadata, spec }) =>
    refs.some(({ kind, namespace, name }) => {
      if (namespace !== metadata.namespace) return false;
      if (kind === 'Certificate') return name === metadata.name;
      const secret = kind === 'Secret' ? view.find('Secret', namespace, name) : undefined;
      return (
        kind === 'Secret' && (spec?.secretName === name || secret?.metadata.annotations?.[BY_NAME] === metadata.name)
      );
    }),
  );
}

function conditionsOf({ status }: KubeObject): string[] {
  return listOf(status?.conditions).map((each) =>
    untrustedLine(`${each?.type} is ${each?.status}: ${each?.message ?? each?.reason ?? ''}`),
  );
}

/** Source: cert-manager.io, "Issuance triggers". */
function renewal({ metadata, spec }: KubeObject): string {
  const issuer = `${spec?.issuerRef?.kind ?? 'Issuer'} ${spec?.issuerRef?.name ?? ''}`.trim();
  return untrustedLine(
    `cert-manager renews it from ${issuer}: 'cmctl renew ${metadata.name} -n ${metadata.namespace}' has it issued now; the old one could not be put back exactly, so that this is for a person to do`,
  );
}

function replacement(view: ClusterView, ref: ObjectRef): string {
  const secret = ref.kind === 'Secret' ? view.find('Secret', ref.namespace, ref.name) : undefined;
  const by = secret?.metadata.annotations?.[BY_NAME];
  if (by)
    return untrustedLine(`cert-manager made it for Certificate ${by}, which is not here: whoever removed that can say`);
  return `nothing here renews ${refLabel(ref)}: whoever issued it has to issue another, and put it in its place`;
}

function usersOf(view: ClusterView, ref: ObjectRef): KubeObject[] {
  if (ref.kind !== 'Secret') return [];
  const ingresses = view
    .all('Ingress', ref.namespace)
    .filter(({ spec }) => listOf(spec?.tls).some((entry) => entry?.secretName === ref.name));
  return [...ingresses, ...workloadsTouchedBy(view, ref)].slice(0, 4);
}

export const certificateExpiringRule: Analyzer = {
  rule: CERTIFICATE_EXPIRING,
  // What has not ended yet is the cause of nothing else.
  layer: 'symptom',
  kinds: [...PODS, 'Secret', 'Ingress', 'Service', CERTIFICATES],
  explains: 'Certificates that are about to end, and who renews them.',
  unfixed: 'whoever issued it has to issue another',
  analyze: analyzeCertificateExpiring,
};
