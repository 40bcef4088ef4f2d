import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { ingressBackends } from '../../../../kube/ingress-backends.ts';
import { lastApplied } from '../../../../kube/pod-template.ts';
import { clearlySimilar } from '../../clues/names/similar-names.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const INGRESS_CLASS = 'ingress-class';

const DEFAULT_CLASS = 'ingressclass.kubernetes.io/is-default-class';
/** Older way to name the class; a controller may serve it without any IngressClass. */
const OLD_FIELD = 'kubernetes.io/ingress.class';

/** Ingresses of a class that does not exist, so that no controller serves them, and those that name none where none is the default. */
export function analyzeIngressClasses({ view }: AnalyzerContext): Finding[] {
  if (!view.known('IngressClass')) return [];
  const classes = view.all('IngressClass');
  // Without any class nobody can tell how Ingresses are served here.
  if (classes.length === 0) return [];
  return view.all('Ingress').flatMap((ingress) => {
    if (ingress.metadata.deletionTimestamp || ingressBackends(ingress).length === 0) return [];
    const name: unknown = ingress.spec?.ingressClassName;
    if (typeof name !== 'string') return withoutClass(ingress, classes);
    if (classes.some(({ metadata }) => metadata.name === name)) return [];
    const { fixes, reason } = fixesFor(ingress, name, classes);
    return [
      makeFinding({
        rule: INGRESS_CLASS,
        severity: isServed(ingress) ? 'warning' : 'critical',
        object: ingress,
        what: 'class',
        message: `Ingress ${ingress.metadata.name} is of class ${name}, which does not exist, so that no controller serves it`,
        evidence: [
          evidence('spec', ingress, 'spec.ingressClassName', `spec.ingressClassName is ${name}`),
          ...classes
            .slice(0, 4)
            .map((each) => evidence('sibling', each, 'metadata.name', `class ${each.metadata.name} exists`)),
          ...reason,
        ],
        fixes,
      }),
    ];
  });
}

/** An address in the status: some controller took it. */
function isServed(ingress: KubeObject): boolean {
  const addresses: unknown = ingress.status?.loadBalancer?.ingress;
  return Array.isArray(addresses) && addresses.length > 0;
}

function fixesFor(
  ingress: KubeObject,
  name: string,
  classes: KubeObject[],
): { fixes: FixDraft[]; reason: ReturnType<typeof evidence>[] } {
  const applied: unknown = lastApplied(ingress)?.spec?.ingressClassName;
  const former = classes.find(({ metadata }) => metadata.name === applied);
  const close = clearlySimilar(name, classes, ({ metadata }) => metadata.name);
  const fallback = classes.filter(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true');
  const choices: [KubeObject | undefined, number][] = [
    [former, 0.92],
    [close?.item, 0.3 + 0.5 * (close?.similarity ?? 0)],
    [fallback.length === 1 ? fallback[0] : undefined, 0.6],
    [classes.length === 1 ? classes[0] : undefined, 0.6],
  ];
  const path = '/spec/ingressClassName';
  return {
    fixes: choices.flatMap(([chosen, confidence]): FixDraft[] =>
      chosen
        ? [
            {
              changes: [
                jsonPatch(ingress, [
                  { op: 'test', path, value: name },
                  { op: 'replace', path, value: chosen.metadata.name },
                ]),
              ],
              expects: `the controller of class ${chosen.metadata.name} serves Ingress ${ingress.metadata.name}`,
              confidence,
            },
          ]
        : [],
    ),
    reason: former
      ? [
          evidence(
            'revision',
            ingress,
            'metadata.annotations',
            `it was of class ${former.metadata.name} when it was last applied`,
          ),
        ]
      : [],
  };
}

/** Where a class is the default the server fills it in; else nobody serves an Ingress that names none. */
function withoutClass(ingress: KubeObject, classes: KubeObject[]): Finding[] {
  const applied: unknown = lastApplied(ingress)?.spec?.ingressClassName;
  if (ingress.metadata.annotations?.[OLD_FIELD] || isServed(ingress)) return [];
  if (!classes.some(({ metadata }) => metadata.name === applied)) return [];
  return [
    makeFinding({
      rule: INGRESS_CLASS,
      severity: 'critical',
      object: ingress,
      what: 'no-class',
      message: `Ingress ${ingress.metadata.name} names no class, and had ${String(applied)} when it was last applied`,
      evidence: [evidence('revision', ingress, 'metadata.annotations', `spec.ingressClassName was ${String(applied)}`)],
      fixes: [
        {
          changes: [jsonPatch(ingress, [{ op: 'add', path: '/spec/ingressClassName', value: applied }])],
          expects: `the controller of class ${String(applied)} serves Ingress ${ingress.metadata.name}`,
          confidence: 0.92,
        },
      ],
    }),
  ];
}

export const ingressClassRule: Analyzer = {
  rule: INGRESS_CLASS,
  layer: 'network',
  kinds: ['Ingress', 'IngressClass'],
  explains: 'Routes that nobody serves because their Ingress is of a class that does not exist.',
  unfixed:
    'several classes exist and none is known to be the one that was meant: whoever runs the ingress controllers can say',
  analyze: analyzeIngressClasses,
};
