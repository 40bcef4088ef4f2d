import type { Evidence } from '../../../../../domain/finding.ts';
import type { KubeObject } from '../../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../../kube/cluster-view.ts';
import { lastChange } from '../../../../../kube/managed-fields.ts';
import { LAST_APPLIED_FIELD } from '../../../../../kube/pod-template.ts';
import { untrustedLine } from '../../../../../text/redact.ts';
import { prodController } from '../../../clues/pods/prod-controller.ts';
import { evidence } from '../../../engine/analyzer.ts';
import type { AnalyzerContext, FixDraft } from '../../../engine/analyzer.ts';
import { jsonPatch } from '../../../engine/changes.ts';
import { holdsKey, keysTold, policyEvidence, speaksOfNamespace } from './denial.ts';
import type { Denial } from './denial.ts';
import { exemptions, leftOutWith } from './namespace-selectors.ts';
import { appliedMap, opsFor, others, shownOf, textsOf, valueOf } from './former-metadata.ts';
import type { Value } from './former-metadata.ts';
import { textsIn } from './policy-demands.ts';
import type { Demand } from './policy-demands.ts';
import { refusedBy } from '../refused.ts';

/** What is known of a namespace that lacks what whoever denies its pods asks of it. */
export interface NamespaceDemand {
  /** What it lacks, and who asks for that; absent where nothing is known to be lacking. */
  said?: string;
  /** The pods are denied whatever their template says. */
  decides: boolean;
  fixes: FixDraft[];
  reasons: Evidence[];
  /** Why it is not given what it lacks. */
  unfixed?: string;
}

const NOTHING: NamespaceDemand = { decides: false, fixes: [], reasons: [] };
const FIELDS = ['labels', 'annotations'] as const;
/** What the control plane itself goes by: who sets them decides more than a policy asks for. */
const RESERVED = /(?:^|\.)(?:kubernetes|k8s)\.io\//;
const SHOWN = 3;
/** Workloads that one fix makes try again; the others do so by themselves. */
const MAX_PRODDED = 12;

/**
 * Labels and annotations that whoever denies the pods of a workload asks of their Namespace, and that it lacks; with the values
 * that it was applied with, or that others have alike. What leaves it out of a policy is never given back.
 */
export async function demandedOfNamespace(
  context: Pick<AnalyzerContext, 'view' | 'get' | 'list'>,
  workload: KubeObject,
  denial: Denial,
): Promise<NamespaceDemand> {
  const { view, get } = context;
  const name = workload.metadata.namespace ?? '';
  // One that may not be read is told of as that.
  const namespace =
    view.find('Namespace', undefined, name) ??
    (await get({ apiVersion: 'v1', kind: 'Namespace', name }).catch(() => null));
  const { policy, asked, words, who } = denial;
  const ofNamespace = asked.filter(({ of }) => of === 'namespace');
  const told = policy && ofNamespace.length > 0 ? [policyEvidence(policy, ofNamespace)] : [];
  if (!namespace)
    return told.length === 0
      ? NOTHING
      : { ...NOTHING, reasons: told, unfixed: `${who} asks something of Namespace ${name}, which could not be read` };
  const demands = asked.length > 0 ? ofNamespace : namedIn(view, namespace, words);
  const lacking = demands.filter((demand) => !meets(namespace, demand));
  if (lacking.length === 0) return leftOutBefore(context, namespace, denial);
  const said = untrustedLine(
    `Namespace ${name} ${lacking.map((each) => lack(namespace, each)).join(', ')}, which ${who} asks of it`,
  );
  const change = lastChange(namespace);
  const changed = change?.by
    ? [
        evidence(
          'revision',
          namespace,
          'metadata',
          untrustedLine(`last changed by ${change.by}, at ${new Date(change.at).toISOString()}`),
        ),
      ]
    : [];
  const base = { said, decides: true, reasons: [...told, ...changed] };
  const reserved = lacking.find(({ key }) => RESERVED.test(key));
  if (reserved)
    return {
      ...base,
      fixes: [],
      unfixed: `${reserved.key} is something that the cluster itself goes by: whoever runs it sets it`,
    };
  const values = lacking.map((demand) => valueOf(view, namespace, demand));
  const unknown = lacking.find((_, index) => values[index] === null);
  if (unknown)
    return {
      ...base,
      fixes: [],
      reasons: [
        ...base.reasons,
        ...others(view, namespace, unknown)
          .slice(0, SHOWN)
          .map((other) => shownOf(other, unknown)),
      ],
      unfixed: untrustedLine(
        `nothing tells which ${unknown.field.slice(0, -1)} ${unknown.key} Namespace ${name} is to have: whoever owns it says which`,
      ),
    };
  return { ...base, ...(await giveBack(context, namespace, denial, values as Value[], base.reasons)) };
}

async function giveBack(
  context: Pick<AnalyzerContext, 'view' | 'list'>,
  namespace: KubeObject,
  { who, webhook, policy }: Denial,
  values: readonly Value[],
  told: readonly Evidence[],
): Promise<Pick<NamespaceDemand, 'fixes' | 'reasons' | 'unfixed'>> {
  const { name } = namespace.metadata;
  const reasons = [...told, ...values.map(({ reason }) => reason)];
  const wrong = values.find((value) => !takes(value, value.text));
  if (wrong)
    return {
      fixes: [],
      reasons,
      unfixed: untrustedLine(
        `${wrong.key} would be ${wrong.text}, as far as anything tells, and ${who} does not take that`,
      ),
    };
  const labels = { ...textsIn(namespace.metadata, 'labels'), ...textsOf(values, 'labels') };
  const leftOut = await leftOutWith(context, namespace, labels);
  if (leftOut.by)
    return {
      fixes: [],
      reasons,
      unfixed: untrustedLine(`${leftOut.by} would then leave Namespace ${name} out: whoever answers for both decides`),
    };
  const { view } = context;
  const denied = refusedBy(view, 'denied').filter(
    ({ workload, match }) =>
      workload.metadata.namespace === name && (webhook ? match[1] === webhook : match[2] === policy?.metadata.name),
  );
  const list = values.map(({ key, text }) => `${key}=${text}`).join(', ');
  const person = leftOut.unknown ?? values.find((value) => value.person)?.person;
  return {
    fixes: [
      {
        changes: [
          jsonPatch(
            namespace,
            FIELDS.flatMap((field) => opsFor(namespace, field, textsOf(values, field))),
          ),
          ...denied
            .slice(0, MAX_PRODDED)
            .map(({ workload, maker }) => prodController(view, workload, maker, `Namespace ${name}`)),
        ],
        expects: untrustedLine(`Namespace ${name} has ${list} again, and its pods are accepted`),
        confidence: Math.min(...values.map(({ confidence }) => confidence)),
        ...(person ? { needsPerson: person } : {}),
      },
    ],
    reasons,
  };
}

/** Keys that it was applied with or that others have, and that stand in words about namespaces. */
function namedIn(view: ClusterView, namespace: KubeObject, words: string): Demand[] {
  if (!speaksOfNamespace(words)) return [];
  return FIELDS.flatMap((field) => {
    const maps = [
      appliedMap(namespace, field),
      ...view.all('Namespace').map((other) => textsIn(other.metadata, field)),
    ];
    const known = maps.flatMap((map) => Object.keys(map)).filter((key) => holdsKey(words, key));
    return keysTold(words, field, known).map((key) => ({ of: 'namespace' as const, field, key, values: null }));
  });
}

const takes = ({ values }: Demand, text: string): boolean => values === null || values.includes(text);

function meets(namespace: KubeObject, demand: Demand): boolean {
  const now = textsIn(namespace.metadata, demand.field)[demand.key];
  return now !== undefined && takes(demand, now);
}

function lack(namespace: KubeObject, { field, key, values }: Demand): string {
  const now = textsIn(namespace.metadata, field)[key];
  if (now === undefined) return `has no ${field.slice(0, -1)} ${key}`;
  return `has ${field.slice(0, -1)} ${key}=${now} and not ${values!.slice(0, SHOWN).join(' or ')}`;
}

/** It was applied with what left it out of the policy, and has it no more. */
async function leftOutBefore(
  context: Pick<AnalyzerContext, 'view' | 'get'>,
  namespace: KubeObject,
  denial: Denial,
): Promise<NamespaceDemand> {
  const { name } = namespace.metadata;
  const applied = { ...textsIn(namespace.metadata, 'labels'), ...appliedMap(namespace, 'labels') };
  for (const { object, field, leavesOut, keys } of await exemptions(context, denial)) {
    if (leavesOut(textsIn(namespace.metadata, 'labels')) || !leavesOut(applied)) continue;
    const lost = keys.filter((key) => applied[key] !== textsIn(namespace.metadata, 'labels')[key]);
    const pairs = lost.map((key) => `${key}=${applied[key]}`).join(', ');
    return {
      said: untrustedLine(`Namespace ${name} has no label ${pairs} any more, with which ${denial.who} left it out`),
      decides: false,
      fixes: [],
      reasons: [
        evidence('revision', namespace, LAST_APPLIED_FIELD, untrustedLine(`it was applied with ${pairs}`)),
        evidence('sibling', object, field, untrustedLine(`leaves out namespaces with ${pairs}`)),
      ],
      unfixed: untrustedLine(
        `whether Namespace ${name} is to be left out again is for whoever answers for ${denial.who} to decide`,
      ),
    };
  }
  return NOTHING;
}
