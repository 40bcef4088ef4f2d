import type { KubeObject } from '../../../domain/kube-object.ts';
import { serviceMeant } from '../../../kube/named-hosts.ts';
import { podTemplateOf } from '../../../kube/pod-template.ts';
import { listOf } from '../../../kube/untyped-list.ts';
import { evidence } from '../../playbooks/engine/analyzer.ts';
import type { CauseDraft, Scene } from '../scene/draft.ts';
import { nameOf, shown } from '../scene/draft.ts';
import { isPatchable, setInTemplate, templateChanges } from '../scene/template-patch.ts';

/** Settings of pods by which they do not find what the cluster's DNS would tell them. */
export function podSettings({ view }: Scene): CauseDraft[] {
  return view
    .workloads()
    .filter((workload) => isPatchable(view, workload))
    .flatMap((workload): CauseDraft[] => {
      const { spec } = podTemplateOf(workload)!;
      const drafts: CauseDraft[] = [];
      const add = (
        pointer: string,
        now: unknown,
        value: unknown,
        why: string,
        score: number,
        more: readonly string[] = [],
      ) => {
        const field = pointer.slice(1).replaceAll('/', '.');
        const text = `${nameOf(workload)} has ${field} ${shown(now)}: ${why}`;
        const ops = [
          ...setInTemplate(workload, pointer, now, value),
          ...more.flatMap((each) => setInTemplate(workload, each, spec[each.slice(1)], undefined)),
        ];
        drafts.push({
          object: workload,
          what: field,
          text,
          evidence: [evidence('spec', workload, `${podTemplateOf(workload)!.field}.${field}`, text)],
          score,
          actions: [
            {
              changes: templateChanges(view, workload, ops),
              text: `set ${field} of ${nameOf(workload)}: ${shown(now)} → ${shown(value)}${more.length > 0 ? ', with the rest of its DNS settings' : ''}`,
              origin: 'generic',
              score,
              expects: `pods of ${nameOf(workload)} ask the cluster's DNS`,
            },
          ],
        });
      };
      if (spec?.dnsPolicy === 'Default' || spec?.dnsPolicy === 'None') {
        const more = spec.dnsPolicy === 'None' && spec.dnsConfig !== undefined ? ['/dnsConfig'] : [];
        add('/dnsPolicy', spec.dnsPolicy, 'ClusterFirst', "its pods do not ask the cluster's DNS", 0.6, more);
      } else if (spec?.dnsConfig?.nameservers !== undefined || spec?.dnsConfig?.searches !== undefined) {
        add('/dnsConfig', spec.dnsConfig, undefined, 'its pods may ask somebody else than the cluster', 0.45);
      }
      const stale = listOf(spec?.hostAliases).filter((alias) =>
        listOf(alias?.hostnames).some((host) => isService(view, String(host), workload)),
      );
      if (stale.length > 0) {
        const rest = listOf(spec.hostAliases).filter((alias) => !stale.includes(alias));
        add(
          '/hostAliases',
          spec.hostAliases,
          rest.length > 0 ? rest : undefined,
          'an address that hides the one of a Service',
          0.65,
        );
      }
      return drafts;
    });
}

function isService(view: Scene['view'], host: string, workload: KubeObject): boolean {
  const meant = serviceMeant(view, host.toLowerCase(), workload.metadata.namespace);
  return meant !== null && view.find('Service', meant.namespace, meant.name) !== undefined;
}
