import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { serviceMeant } from '../../../../kube/named-hosts.ts';
import { lastApplied } from '../../../../kube/pod-template.ts';
import { referencesTo } from '../../../../kube/references-to-service.ts';
import { setField } from '../../clues/container-patch.ts';
import { renamedServices } from '../../clues/renamed-service.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';

/** Services that are another name for one of this cluster which does not exist. */
export async function danglingNames({ view, get }: AnalyzerContext, rule: string): Promise<Finding[]> {
  const found = view.all('Service').map(async (service) => {
    const { type, externalName } = service.spec ?? {};
    if (type !== 'ExternalName' || service.metadata.deletionTimestamp) return null;
    const host = String(externalName ?? '').toLowerCase();
    // A name of DNS without a namespace of this cluster in it leads outside.
    const meant = /\.svc(?:\.|$)/.test(host) ? serviceMeant(view, host, service.metadata.namespace) : null;
    if (!meant || view.find('Service', meant.namespace, meant.name)) return null;
    const ref = { apiVersion: 'v1', kind: 'Service', namespace: meant.namespace, name: meant.name };
    // Who may not look there does not know.
    const there = view.inScope(meant.namespace) ? null : await get(ref).catch(() => ref);
    return there ? null : findingFor(view, rule, service, { ...meant, host });
  });
  return (await Promise.all(found)).filter((finding) => finding !== null);
}

function findingFor(
  view: ClusterView,
  rule: string,
  service: KubeObject,
  meant: { name: string; namespace: string; host: string },
): Finding {
  const { name } = service.metadata;
  const users = referencesTo(view, service);
  return makeFinding({
    rule,
    severity: users.length > 0 ? 'critical' : 'warning',
    object: service,
    what: `external/${meant.namespace}/${meant.name}`,
    message: `Service ${name} is another name for Service ${meant.name} in namespace ${meant.namespace}, which does not exist`,
    evidence: [
      evidence('spec', service, 'spec.externalName', `externalName is ${meant.host}`),
      ...users
        .slice(0, 3)
        .map(({ from, object, field }) =>
          evidence('sibling', object, field, `${from.kind} ${from.metadata.name} asks this Service`),
        ),
    ],
    fixes: fixesFor(view, service, meant, users),
    unfixed: 'no Service is known to be the one that was meant: whoever owns the Service says what it stands for',
  });
}

function fixesFor(
  view: ClusterView,
  service: KubeObject,
  meant: { name: string; namespace: string; host: string },
  users: ReturnType<typeof referencesTo>,
): FixDraft[] {
  const now: unknown = service.spec?.externalName;
  const to = (host: string, confidence: number): FixDraft => ({
    changes: [jsonPatch(service, setField('/spec', service.spec, 'externalName', host))],
    expects: `Service ${service.metadata.name} stands for ${host}`,
    confidence,
  });
  const applied: unknown = lastApplied(service)?.spec?.externalName;
  const before = typeof applied === 'string' && applied !== now ? [to(applied, 0.9)] : [];
  const references =
    users.length > 0 ? users : [{ from: service, object: service, port: null, variable: null, pointer: '' }];
  const others = view.inScope(meant.namespace)
    ? renamedServices(view, meant.namespace, meant.name, references).filter(({ service: other }) => other !== service)
    : [];
  return [
    ...before,
    ...others
      .slice(0, 2)
      .map(({ service: { metadata }, confidence }) =>
        to([metadata.name, ...String(now).split('.').slice(1)].join('.'), confidence),
      ),
  ];
}
