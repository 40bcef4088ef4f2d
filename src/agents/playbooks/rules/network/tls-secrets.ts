import type { PatchOp } from '../../../../domain/change.ts';
import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { lastChange } from '../../../../kube/managed-fields.ts';
import { configReferences } from '../../../../kube/config-references.ts';
import { isIssuedByAnnotation, tlsReferences } from '../../../../kube/ingress-tls.ts';
import { lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import { condition } from '../../../../kube/pods.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { clearlySimilar, isMisspelling } from '../../clues/names/similar-names.ts';
import { evidence } from '../../engine/analyzer.ts';
import type { AnalyzerContext } from '../../engine/analyzer.ts';

/** One thing that is wrong with a route, and the way to mend it, if there is one. */
export interface Trouble {
  text: string;
  evidence: Evidence[];
  ops: PatchOp[];
  confidence: number;
}

export interface MissingSecret extends Trouble {
  /** Whoever issues it may still be at it. */
  fresh: boolean;
}

/** Longest time in which a certificate is issued where nothing is wrong (ACME: orders, challenges, DNS). */
const ISSUING_MS = 10 * 60_000;

/** TLS Secrets that an Ingress names and that are not there. */
export async function missingTlsSecrets(
  view: ClusterView,
  list: AnalyzerContext['list'],
  ingress: KubeObject,
): Promise<MissingSecret[]> {
  const { namespace } = ingress.metadata;
  const missing = tlsReferences(ingress).filter(({ name }) => !view.find('Secret', namespace, name));
  if (!view.known('Secret') || missing.length === 0) return [];
  const kind = { apiVersion: 'cert-manager.io/v1', kind: 'Certificate' };
  // Without them a missing Secret is just missing.
  const certificates = await list(kind, namespace).catch(() => []);
  return missing.map(({ name, index }) => {
    const text = `TLS Secret ${name} does not exist`;
    const certificate = certificates.find((each) => each.spec?.secretName === name);
    const issued = certificate !== undefined || isIssuedByAnnotation(ingress);
    const since = Math.max(...[ingress, certificate].map((each) => (each && lastChange(each)?.at) ?? 0));
    const facts = [
      evidence('spec', ingress, `spec.tls[${index}].secretName`, text),
      ...(certificate ? [certificateEvidence(certificate)] : []),
    ];
    const fresh = issued && view.now - since < ISSUING_MS;
    const other = issued ? { ops: [], confidence: 0 } : otherSecret(view, ingress, name, index);
    return { text: issued ? `${text} yet` : text, evidence: facts, fresh, ...other };
  });
}

function certificateEvidence(certificate: KubeObject): Evidence {
  const ready = condition(certificate, 'Ready');
  const text = `Certificate ${certificate.metadata.name} is to make it: ${ready?.message ?? 'nothing said yet'}`;
  return evidence('status', certificate, 'status.conditions[Ready]', untrustedLine(text));
}

/** `shop-tls` and `shop-tls-2026`, `shop-tls-v2`: the same but for an edition. Any other word more is that of another host. */
const EDITION = /-(?:v\d{1,3}|20\d{2}(?:-?\d{2}){0,2}|new)$/;

/** The only certificate of the same name but for its edition that no route uses yet: the one that it was renewed as. */
function renewedAs(view: ClusterView, name: string, fitting: readonly KubeObject[]) {
  const stem = name.replace(EDITION, '');
  const editions = fitting.filter(({ metadata }) => metadata.name.replace(EDITION, '') === stem);
  const [renewed, ...others] = editions.filter((each) => !isTaken(view, each));
  return renewed && others.length === 0 && editions.length === 1 ? renewed : undefined;
}

/** The one last applied, the one that it was renewed as, or one of which the name is a misspelling. */
function otherSecret(
  view: ClusterView,
  ingress: KubeObject,
  name: string,
  index: number,
): Pick<Trouble, 'ops' | 'confidence'> {
  const fitting = view
    .all('Secret', ingress.metadata.namespace)
    .filter((each) => each['type'] === 'kubernetes.io/tls' && !each.metadata.deletionTimestamp);
  const before: unknown = lastApplied(ingress)?.spec?.tls?.[index]?.secretName;
  const former = fitting.find(({ metadata }) => metadata.name === before);
  const alike = fitting.filter(({ metadata }) => isMisspelling(name, metadata.name));
  const close = clearlySimilar(name, alike, (each) => each.metadata.name);
  const renewed = renewedAs(view, name, fitting);
  const chosen = former ?? renewed ?? close?.item;
  if (!chosen) return { ops: [], confidence: 0 };
  const path = `/spec/tls/${index}/secretName`;
  return {
    ops: [
      { op: 'test', path, value: name },
      { op: 'replace', path, value: chosen.metadata.name },
    ],
    confidence: former ? 0.92 : renewed ? 0.75 : 0.3 + 0.5 * (close?.similarity ?? 0),
  };
}

/** Some Ingress or pod takes it already. */
function isTaken(view: ClusterView, { metadata: { name, namespace } }: KubeObject): boolean {
  return (
    view.all('Ingress', namespace).some((each) => tlsReferences(each).some((tls) => tls.name === name)) ||
    view
      .workloads()
      .some(
        (each) =>
          each.metadata.namespace === namespace &&
          configReferences(podTemplateOf(each)?.spec ?? {}).some((one) => one.kind === 'Secret' && one.name === name),
      )
  );
}
