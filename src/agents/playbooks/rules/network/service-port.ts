import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { lacksPort } from '../../../../kube/dead-calls.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import type { NamedHost } from '../../../../kube/named-hosts.ts';
import { isCall, namedHosts, serviceMeant } from '../../../../kube/named-hosts.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import { formerServicePort } from '../../clues/services/former-service-port.ts';
import type { Alternatives } from '../../clues/settings/former-setting.ts';
import { formerSettings, NONE } from '../../clues/settings/former-setting.ts';
import { settingChanges } from '../../clues/settings/setting-change.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import type { LogLine } from '../../clues/pods/workload-logs.ts';
import { complaintAbout, logEvidence, workloadLog } from '../../clues/pods/workload-logs.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import { headlessEvidence, portInFront, unmappedTarget } from './headless-port.ts';
import { AUXILIARY } from './target-port-candidates.ts';

const SERVICE_PORT = 'service-port';

/**
 * Settings that ask a Service on a port which it does not have. Such a call fails for certain; that it matters is known
 * where the caller is in trouble, its log complains, or the former setting or Service was right.
 */
export async function analyzeServicePorts(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  if (!view.known('Service')) return [];
  const troubled = troubledWorkloads(view, severity);
  const groups = new Map<string, Group>();
  for (const reference of namedHosts(view)) {
    const { from, host } = reference;
    const port = reference.port ?? portInFront(reference);
    const trouble = troubled.get(refKey(refOf(from)));
    const meant = port !== null ? serviceMeant(view, host, from.metadata.namespace) : null;
    const service = meant && view.find('Service', meant.namespace, meant.name);
    if (!service || port === null) continue;
    const unmapped = unmappedTarget(view, service, port);
    if (unmapped === null && (reference.port === null || !lacksPort(service, port))) continue;
    // Of a caller that is well nobody asks what it says.
    const log = trouble ? await workloadLog(context, from) : [];
    const lines = log.filter(({ text }) => complaintAbout(text, host) !== null);
    const key = `${refKey(refOf(service))}:${port}`;
    const group = groups.get(key) ?? {
      service,
      port,
      references: [],
      lines: [],
      sure: false,
      suspected: false,
      unmapped,
    };
    group.sure ||= (trouble !== undefined && trouble !== 'maybe') || lines.length > 0;
    group.suspected ||= trouble === 'maybe';
    group.references.push(reference);
    group.lines.push(...lines);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap((group) => {
    const { service, port, references, lines, unmapped } = group;
    const { fixes, reasons, changed } = unmapped === null ? fixesFor(view, group) : { ...NONE, changed: false };
    if (!group.sure && !changed && !(unmapped === null && references.some(isCall))) return [];
    const holders = [...new Set(references.map(({ object }) => object))];
    const who = [...new Set(references.map(({ from }) => `${from.kind} ${from.metadata.name}`))];
    const have = servicePorts(service)
      .map(({ number }) => number)
      .join(', ');
    return makeFinding({
      rule: SERVICE_PORT,
      severity: group.sure || (group.suspected && changed) ? 'critical' : 'warning',
      object: holders.length === 1 ? holders[0]! : service,
      what: `${service.metadata.name}:${port}`,
      message:
        `${who.slice(0, 3).join(', ')} ${who.length > 1 ? 'ask' : 'asks'} Service ${service.metadata.name} on port ${port}, ` +
        (unmapped === null
          ? `which it does not have; it has ${have}`
          : `but it is headless (spec.clusterIP None), so that nothing leads port ${port} to its targetPort ${unmapped}`),
      evidence: [
        ...references
          .slice(0, 4)
          .map(({ object, field, host }) => evidence('spec', object, field, `names ${host}:${port}`)),
        ...(unmapped === null ? [] : headlessEvidence(service)),
        evidence('spec', service, 'spec.ports', `has ${have}`),
        ...lines.slice(-2).map(logEvidence),
        ...reasons,
      ],
      fixes,
      ...(unmapped === null
        ? {}
        : {
            unfixed: `clusterIP cannot be changed in place: whoever owns Service ${service.metadata.name} can make it anew with a cluster IP, or the callers ask its pods on ${unmapped}`,
          }),
    });
  });
}

/** Who asks a Service on a port that it does not have. */
interface Group {
  service: KubeObject;
  port: number;
  references: NamedHost[];
  lines: LogLine[];
  /** Their being in trouble is known, or a log complains. */
  sure: boolean;
  /** Some check fails that does not tell whom it asks. */
  suspected: boolean;
  /** The Service is headless and has the port: what its pods listen on instead. */
  unmapped: string | number | null;
}

/** `changed`: the setting, or the Service, is known to have been right before. */
function fixesFor(view: ClusterView, group: Group): Alternatives & { changed: boolean } {
  const { service, port, references } = group;
  const wrong = (text: string, { host }: NamedHost): boolean => text.includes(`${host}:${port}`);
  const former = formerSettings(view, references, wrong);
  const fixes = [...former.fixes];
  const reasons = [...former.reasons];
  const before = formerServicePort(view, group);
  if (before) {
    fixes.push(before.fix);
    reasons.push(before.reason);
  }
  const changed = fixes.length > 0;
  const all = servicePorts(service);
  const behind = all.filter(({ target }) => target === port);
  const forUsers = all.filter(({ name }) => !AUXILIARY.test(name));
  const choice =
    behind.length === 1
      ? { number: behind[0]!.number, confidence: 0.82, why: `port ${port} is its targetPort` }
      : all.length === 1
        ? { number: all[0]!.number, confidence: 0.78, why: 'it is the only port' }
        : forUsers.length === 1
          ? { number: forUsers[0]!.number, confidence: 0.55, why: 'its other ports tell about the process' }
          : null;
  if (!choice) return { fixes, reasons, changed };
  const byText = new Map(
    references.map((each) => [`${each.object.kind}/${each.object.metadata.name}${each.pointer}`, each]),
  );
  const changes = settingChanges(
    view,
    [...byText.values()].map((setting) => ({
      setting,
      text: setting.text.replaceAll(
        new RegExp(`(?<=${setting.host.replaceAll('.', '\\.')}):${port}(?!\\d)`, 'g'),
        `:${choice.number}`,
      ),
    })),
  );
  if (changes) {
    const expects = `Service ${service.metadata.name} is asked on port ${choice.number}`;
    fixes.push({ changes, expects, confidence: choice.confidence });
  }
  const reason = evidence('spec', service, 'spec.ports', `port ${choice.number}: ${choice.why}`);
  return { fixes, reasons: [...reasons, reason], changed };
}

export const servicePortRule: Analyzer = {
  rule: SERVICE_PORT,
  layer: 'configuration',
  kinds: [...PODS, 'Event', ...REVISIONS, 'Service', 'ConfigMap', 'Namespace', 'Ingress'],
  explains: 'Programs that ask a Service on a port which it does not have.',
  unfixed:
    'the Service has several ports, and none is known to be the one that was meant: whoever owns the callers can say',
  analyze: analyzeServicePorts,
};
