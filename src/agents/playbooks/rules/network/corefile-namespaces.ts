import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { namedHosts, serviceMeant } from '../../../../kube/named-hosts.ts';
import type { NamedHost } from '../../../../kube/named-hosts.ts';
import type { ServerBlock } from '../../../../kube/corefile.ts';
import type { LogLine } from '../../clues/pods/workload-logs.ts';
import { logEvidence } from '../../clues/pods/workload-logs.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import { CLUSTER_DNS, outside } from './dns-parts.ts';

/**
 * Namespaces whose Services the `kubernetes` plugin does not answer for, because its `namespaces` option lists others only
 * (coredns.io, plugin "kubernetes"), while a workload in trouble asks for one of them.
 * @param troubled workloads that something is wrong with
 */
export function leftOut(
  { view }: AnalyzerContext,
  map: KubeObject,
  blocks: readonly ServerBlock[],
  troubled: (workload: KubeObject) => boolean,
  lines: readonly LogLine[],
): Finding[] {
  const corefile = String(map['data']?.['Corefile'] ?? '');
  const option = blocks
    .flatMap(({ directives }) => directives)
    .filter(({ plugin }) => plugin === 'kubernetes')
    .flatMap(({ inner }) => inner)
    .find((line) => /^namespaces\s+\S/.test(line));
  if (!option) return [];
  const listed = new Set(option.split(/\s+/).slice(1));
  const asked = namedHosts(view).flatMap((host) => {
    const meant = troubled(host.from) ? serviceMeant(view, host.host, host.from.metadata.namespace) : null;
    const service = meant && !listed.has(meant.namespace) && view.find('Service', meant.namespace, meant.name);
    return meant && service ? [{ host, namespace: meant.namespace }] : [];
  });
  if (asked.length === 0) return [];
  const { name, namespace: home = '' } = map.metadata;
  const missing = [...new Set(asked.map(({ namespace }) => namespace))];
  const wider = `${option} ${missing.join(' ')}`;
  return [
    makeFinding({
      rule: CLUSTER_DNS,
      severity: 'critical',
      object: map,
      what: 'namespaces',
      message: `Cluster DNS does not answer for Services of namespace ${missing.join(', ')}: key Corefile of ConfigMap ${home}/${name} lists the namespaces that it serves, and leaves ${missing.length > 1 ? 'them' : 'it'} out`,
      evidence: [
        evidence('spec', map, 'data["Corefile"]', option),
        ...asked.slice(0, 2).map(({ host }) => nameEvidence(host)),
        ...lines.slice(-3).map(logEvidence),
      ],
      fixes: view.inScope(home)
        ? [
            {
              changes: [
                jsonPatch(map, [
                  { op: 'test', path: '/data/Corefile', value: corefile },
                  { op: 'replace', path: '/data/Corefile', value: corefile.replace(option, wider) },
                ]),
              ],
              expects: `CoreDNS reads its configuration anew and answers for Services of ${missing.join(', ')}`,
              confidence: 0.8,
            },
          ]
        : [],
      unfixed: outside(`kubectl -n ${home} edit configmap ${name}, and replace "${option}" by "${wider}"`),
    }),
  ];
}

const nameEvidence = ({ object, field, host }: NamedHost) => evidence('spec', object, field, `names ${host}`);
