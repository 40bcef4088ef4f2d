import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ServerBlock } from '../../../../kube/corefile.ts';
import { covers, normalZone, serverBlocks } from '../../../../kube/corefile.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import { namedHosts } from '../../../../kube/named-hosts.ts';
import { lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import { nameSimilarity } from '../../clues/names/similar-names.ts';
import type { LogLine } from '../../clues/pods/workload-logs.ts';
import { logEvidence } from '../../clues/pods/workload-logs.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { DnsParts } from './dns-parts.ts';
import { leftOut } from './corefile-namespaces.ts';
import { CLUSTER_DNS, outside } from './dns-parts.ts';

const COREFILE = 'Corefile';
/** Kubernetes' own default, which nearly every cluster keeps. */
const DEFAULT_DOMAIN = 'cluster.local';

/** Configuration of CoreDNS that leaves out, or denies, the names of the cluster. */
export async function corefileFindings(
  context: AnalyzerContext,
  parts: DnsParts,
  lines: LogLine[],
  troubled: (workload: KubeObject) => boolean,
): Promise<Finding[]> {
  const map = await corefileMap(context, parts);
  const corefile: unknown = map?.['data']?.[COREFILE];
  if (!map || typeof corefile !== 'string') return [];
  const known = await clusterDomain(context, map);
  const blocks = serverBlocks(corefile);
  const served = zonesServed(blocks);
  const domain = known ?? (served.some((zone) => nameSimilarity(zone, DEFAULT_DOMAIN) >= 0.7) ? DEFAULT_DOMAIN : null);
  if (domain === null) return [];
  if (!served.some((zone) => covers(zone, domain))) return [wrongZone(context, map, corefile, blocks, domain, lines)];
  return [...leftOut(context, map, blocks, troubled, lines), ...denied(context, map, blocks, domain, lines)];
}

async function corefileMap({ get }: AnalyzerContext, { server, pods }: DnsParts): Promise<KubeObject | null> {
  const spec = (server && podTemplateOf(server)?.spec) ?? pods[0]?.spec;
  const volumes = (spec?.volumes ?? []) as { configMap?: { name?: string } }[];
  const names = volumes.flatMap(({ configMap }) => configMap?.name ?? []);
  for (const name of [...names, 'coredns']) {
    const { namespace } = (server ?? pods[0])?.metadata ?? {};
    if (!namespace) return null;
    // What may not be read says nothing about the zone: no finding rests on it.
    const map = await get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name }).catch(() => null);
    if (typeof map?.['data']?.[COREFILE] === 'string') return map;
  }
  return null;
}

/** Zones in which the `kubernetes` plugin answers, as far as its server block is asked for them. */
function zonesServed(blocks: ServerBlock[]): string[] {
  return blocks.flatMap(({ zones, directives }) =>
    directives
      .filter(({ plugin }) => plugin === 'kubernetes')
      .flatMap(({ args }) => {
        const own = args.map(normalZone);
        return own.length === 0 ? zones : own.filter((zone) => zones.some((outer) => covers(outer, zone)));
      }),
  );
}

/** The domain that pods search, from what installed the cluster and from names in settings. Null: nobody says. */
async function clusterDomain({ view, get }: AnalyzerContext, map: KubeObject): Promise<string | null> {
  const applied: unknown = lastApplied(map)?.data?.[COREFILE];
  if (typeof applied === 'string') {
    const before = zonesServed(serverBlocks(applied)).find((zone) => !zone.endsWith('.arpa') && zone !== '.');
    if (before) return before;
  }
  const { namespace = '' } = map.metadata;
  for (const [name, key, pattern] of [
    ['kubeadm-config', 'ClusterConfiguration', /^\s*dnsDomain:\s*"?([a-z0-9.-]+)/m],
    ['kubelet-config', 'kubelet', /^clusterDomain:\s*"?([a-z0-9.-]+)/m],
  ] as const) {
    // What may not be read says nothing about the domain; the next place is asked.
    const found = await get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name }).catch(() => null);
    const domain = pattern.exec(String(found?.['data']?.[key] ?? ''))?.[1];
    if (domain) return normalZone(domain);
  }
  const named = namedHosts(view).flatMap(({ host }) => /\.svc\.([a-z0-9.-]+)$/.exec(host)?.[1] ?? []);
  const counts = new Map<string, number>();
  for (const domain of named) counts.set(domain, (counts.get(domain) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

function wrongZone(
  { view }: AnalyzerContext,
  map: KubeObject,
  corefile: string,
  blocks: ServerBlock[],
  domain: string,
  lines: LogLine[],
): Finding {
  const { name, namespace = '' } = map.metadata;
  const directive = blocks.flatMap(({ directives }) => directives).find(({ plugin }) => plugin === 'kubernetes');
  const applied: unknown = lastApplied(map)?.data?.[COREFILE];
  const wrong = directive?.args.find((zone) => !normalZone(zone).endsWith('.arpa'));
  const instead = directive && wrong ? directive.text.replace(wrong, domain) : null;
  const mended =
    typeof applied === 'string' && applied !== corefile
      ? applied
      : instead && corefile.replace(directive!.text, instead);
  const change = instead
    ? `replace "${directive!.text}" by "${instead}"`
    : `add "kubernetes ${domain} in-addr.arpa ip6.arpa"`;
  const changed = changedAt(map, ['data', COREFILE]);
  return makeFinding({
    rule: CLUSTER_DNS,
    severity: 'critical',
    object: map,
    what: 'zone',
    message:
      `Cluster DNS does not know the cluster's own names: key ${COREFILE} of ConfigMap ${namespace}/${name} serves ` +
      `${wrong ? `zone ${wrong}` : 'no zone of the cluster'}, but names of Services end in ${domain}`,
    evidence: [
      evidence('spec', map, `data["${COREFILE}"]`, directive ? directive.text : 'no line begins with kubernetes'),
      ...(changed
        ? [
            evidence(
              'spec',
              map,
              'metadata.managedFields',
              `changed at ${new Date(changed.at).toISOString()} by ${changed.by}`,
            ),
          ]
        : []),
      ...lines.slice(-3).map(logEvidence),
    ],
    fixes:
      view.inScope(namespace) && mended
        ? [
            {
              changes: [
                jsonPatch(map, [
                  { op: 'test', path: `/data/${COREFILE}`, value: corefile },
                  { op: 'replace', path: `/data/${COREFILE}`, value: mended },
                ]),
              ],
              expects: `CoreDNS reads its configuration anew and answers for ${domain}`,
              confidence: 0.93,
            },
          ]
        : [],
    unfixed: outside(`kubectl -n ${namespace} edit configmap ${name}, and ${change}`),
  });
}

/** Plugins that answer before `kubernetes` does, or instead of it. */
const DENYING = new Set(['template', 'rewrite', 'acl', 'hosts', 'file']);

/** A line about names of the cluster that denies them. */
function denied(
  _context: AnalyzerContext,
  map: KubeObject,
  blocks: ServerBlock[],
  domain: string,
  lines: LogLine[],
): Finding[] {
  const { name, namespace = '' } = map.metadata;
  const found = blocks
    .filter(({ zones }) => zones.some((zone) => covers(zone, domain) || zone.endsWith(domain)))
    .flatMap(({ directives }) => directives)
    .find(({ plugin, text, inner }) => {
      const all = [text, ...inner].join(' ');
      const refuses = /NXDOMAIN|SERVFAIL|REFUSED|\bblock\b|\bdrop\b/i.test(all);
      return (
        DENYING.has(plugin) &&
        refuses &&
        (all.includes(domain) || /\bsvc\b/.test(all) || /\bIN\s+(?:A|ANY)\s*$/.test(text))
      );
    });
  if (!found || lines.length === 0) return [];
  return [
    makeFinding({
      rule: CLUSTER_DNS,
      severity: 'critical',
      object: map,
      what: 'denied',
      message: `Cluster DNS denies names of the cluster: "${found.text}" in key ${COREFILE} of ConfigMap ${namespace}/${name}`,
      evidence: [
        evidence('spec', map, `data["${COREFILE}"]`, [found.text, ...found.inner].join('; ')),
        ...lines.slice(-3).map(logEvidence),
      ],
      unfixed: outside(
        `kubectl -n ${namespace} edit configmap ${name}, and take out "${found.text}" if it was not meant`,
      ),
    }),
  ];
}
