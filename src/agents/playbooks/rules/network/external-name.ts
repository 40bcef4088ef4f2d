import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import { serviceMeant } from '../../../../kube/named-hosts.ts';
import { lastApplied } from '../../../../kube/pod-template.ts';
import { referencesTo } from '../../../../kube/references-to-service.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import { setField } from '../../clues/patches/container-patch.ts';
import { renamedServices } from '../../clues/services/renamed-service.ts';
import { rivalWords, successionOf, successorWords } from '../../clues/services/successor-service.ts';
import type { GoneService, Succession } from '../../clues/services/successor-service.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';

/** Services that are another name for one of this cluster which does not exist. */
export async function danglingNames(context: AnalyzerContext, rule: string): Promise<Finding[]> {
  const { view, get } = context;
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
    return there ? null : findingFor(context, rule, service, { ...meant, host });
  });
  return (await Promise.all(found)).filter((finding) => finding !== null);
}

async function findingFor(
  context: AnalyzerContext,
  rule: string,
  service: KubeObject,
  meant: { name: string; namespace: string; host: string },
): Promise<Finding> {
  const { view } = context;
  const { name } = service.metadata;
  const users = referencesTo(view, service);
  const gone = goneOf(service, meant, users);
  const succession = await successionOf(context, gone);
  const moved = succession.proven ? [] : await movedTo(context, gone);
  return makeFinding({
    rule,
    severity: users.length > 0 ? 'critical' : 'warning',
    object: service,
    what: `external/${meant.namespace}/${meant.name}`,
    message: `Service ${name} is another name for Service ${meant.name} in namespace ${meant.namespace}, which does not exist${successorWords(succession)}`,
    evidence: [
      evidence('spec', service, 'spec.externalName', `externalName is ${meant.host}`),
      ...users
        .slice(0, 3)
        .map(({ from, object, field }) =>
          evidence('sibling', object, field, `${from.kind} ${from.metadata.name} asks this Service`),
        ),
      ...moved.map((other) =>
        evidence(
          'sibling',
          other,
          'metadata.namespace',
          `Service ${gone.name} exists in namespace ${other.metadata.namespace}`,
        ),
      ),
      ...(succession.proven?.reasons ?? succession.rivals.slice(0, 2).flatMap(({ reasons }) => reasons)),
    ],
    fixes: fixesFor(view, service, meant, users, { ...succession, moved }),
    unfixed:
      rivalWords(gone, succession) ??
      'no Service is known to be the one that was meant: whoever owns the Service says what it stands for',
  });
}

/** Its own ports are those of the Service that it stands for, as whoever wrote them down knew it. */
function goneOf(
  service: KubeObject,
  { name, namespace }: { name: string; namespace: string },
  users: ReturnType<typeof referencesTo>,
): GoneService {
  const own = servicePorts(service).map(({ number }) => number);
  const ports = own.length > 0 ? own : users.flatMap(({ port }) => port ?? []);
  const written = changedAt(service, ['spec', 'externalName'])?.at;
  const writtenAt = written ?? Date.parse(service.metadata.creationTimestamp ?? '');
  return { name, namespace, ports: [...new Set(ports)], writtenAt };
}

/** Services of its name in other namespaces that answer on its ports. */
async function movedTo({ list }: AnalyzerContext, { name, namespace, ports }: GoneService): Promise<KubeObject[]> {
  // Rights that end at the namespace are no reason to give up: then nobody knows of others.
  const everywhere = await list({ apiVersion: 'v1', kind: 'Service' }).catch(() => []);
  return everywhere.filter((other) => {
    const { metadata, spec } = other;
    if (metadata.name !== name || metadata.namespace === namespace || metadata.deletionTimestamp) return false;
    const numbers = servicePorts(other).map(({ number }) => number);
    return spec?.type !== 'ExternalName' && ports.every((port) => numbers.includes(port));
  });
}

function fixesFor(
  view: ClusterView,
  service: KubeObject,
  meant: { name: string; namespace: string; host: string },
  users: ReturnType<typeof referencesTo>,
  { proven, moved }: Succession & { moved: KubeObject[] },
): FixDraft[] {
  const now: unknown = service.spec?.externalName;
  const to = (host: string, confidence: number): FixDraft => ({
    changes: [jsonPatch(service, setField('/spec', service.spec, 'externalName', host))],
    expects: `Service ${service.metadata.name} stands for ${host}`,
    confidence,
  });
  const rest = String(now).split('.').slice(1);
  const applied: unknown = lastApplied(service)?.spec?.externalName;
  const before = typeof applied === 'string' && applied !== now ? [to(applied, 0.9)] : [];
  const after = proven ? [to([proven.service.metadata.name, ...rest].join('.'), proven.confidence)] : [];
  const [only, ...more] = moved;
  const there =
    only && more.length === 0 ? [to([meant.name, only.metadata.namespace, ...rest.slice(1)].join('.'), 0.75)] : [];
  const references =
    users.length > 0 ? users : [{ from: service, object: service, port: null, variable: null, pointer: '' }];
  const others = view.inScope(meant.namespace)
    ? renamedServices(view, meant.namespace, meant.name, references).filter(({ service: other }) => other !== service)
    : [];
  return [
    ...before,
    ...after,
    ...there,
    ...others
      .slice(0, 2)
      .map(({ service: { metadata }, confidence }) => to([metadata.name, ...rest].join('.'), confidence)),
  ];
}
