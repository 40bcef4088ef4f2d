import type { KubeObject } from '../../../domain/kube-object.ts';
import { isServed } from '../../../kube/container-trouble.ts';
import { containersOf, podTemplateOf } from '../../../kube/pod-template.ts';
import type { ContainerSpec } from '../../../kube/pod-template.ts';
import { listOf } from '../../../kube/untyped-list.ts';
import { tokensOf } from '../../playbooks/clues/names/family.ts';
import { containerPatch, setField } from '../../playbooks/clues/patches/container-patch.ts';
import { evidence } from '../../playbooks/engine/analyzer.ts';
import type { CauseDraft, Scene } from '../scene/draft.ts';
import { nameOf, shown } from '../scene/draft.ts';
import { isOwnNamespace } from '../scene/own-namespace.ts';
import { isPatchable, templateChanges } from '../scene/template-patch.ts';

/** A value that so many others share, and that alone, is one that a workload should have as well. */
const ENOUGH = 2;
/** Told per workload: who differs in more is of another kind. */
const MAX_DIFFERENCES = 3;

/** Variables whose value all others have in common, and only this workload has not. */
export function siblings({ view, focus }: Scene): CauseDraft[] {
  const values = new Map<string, { workload: KubeObject; value: string }[]>();
  for (const workload of view.workloads()) {
    if (!isOwnNamespace(view, workload)) continue;
    for (const { name, value } of variablesOf(workload)) {
      const key = `${workload.metadata.namespace}/${name}`;
      values.set(key, [...(values.get(key) ?? []), { workload, value }]);
    }
  }
  return focus.workloads
    .filter((workload) => isPatchable(view, workload))
    .flatMap((workload) => {
      if (!isOwnNamespace(view, workload)) return [];
      const own = variablesOf(workload).flatMap(({ container, index, name, value }): CauseDraft[] => {
        const others = (values.get(`${workload.metadata.namespace}/${name}`) ?? []).filter(
          (each) => each.workload !== workload,
        );
        const common = others[0]?.value;
        if (
          common === undefined ||
          common === value ||
          others.length < ENOUGH ||
          !others.every((each) => each.value === common)
        )
          return [];
        // A value that says who somebody is differs by right.
        if (tokensOf(workload.metadata.name).some((token) => tokensOf(value).includes(token))) return [];
        const from = others.find((each) => isServed(view, each.workload)) ?? others[0]!;
        const { root, guard } = containerPatch(workload, container);
        const holder = listOf(container.spec?.env)[index];
        const place = `${podTemplateOf(workload)!.field}.${container.place}.env[${index}]`;
        const text = `variable ${name} of ${nameOf(workload)} is ${shown(value)}; ${others.length} others have ${shown(common)}`;
        return [
          {
            object: workload,
            what: `variable ${container.name} ${name}`,
            text,
            evidence: [
              evidence('spec', workload, place, text),
              evidence('sibling', from.workload, name, `${nameOf(from.workload)} has ${shown(common)}`),
            ],
            score: 0.5,
            actions: [
              {
                changes: templateChanges(view, workload, [
                  guard,
                  ...setField(`${root}/env/${index}`, holder, 'value', common),
                ]),
                text: `set variable ${name} of ${nameOf(workload)}: ${shown(value)} → ${shown(common)}, as ${nameOf(from.workload)} has it`,
                origin: 'sibling',
                score: 0.5,
                expects: `${nameOf(workload)} has the value that the others have`,
              },
            ],
          },
        ];
      });
      return own.slice(0, MAX_DIFFERENCES);
    });
}

interface Variable {
  container: ContainerSpec;
  index: number;
  name: string;
  value: string;
}

function variablesOf(workload: KubeObject): Variable[] {
  return containersOf(podTemplateOf(workload)?.spec).flatMap((container) =>
    listOf(container.spec?.env).flatMap((variable, index): Variable[] =>
      typeof variable?.value === 'string' && variable.value !== ''
        ? [{ container, index, name: String(variable.name ?? ''), value: variable.value }]
        : [],
    ),
  );
}
