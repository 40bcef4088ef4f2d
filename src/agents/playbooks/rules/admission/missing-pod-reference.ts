import type { PatchOp } from '../../../../domain/change.ts';
import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refTo } from '../../../../kube/cluster-view.ts';
import { PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import { hasMutableTemplate, podTemplateOf } from '../../../../kube/pod-template.ts';
import { formerParts } from '../../clues/former/former-part.ts';
import { keepsHardening } from '../../clues/patches/hardening.ts';
import { clearlySimilar } from '../../clues/names/similar-names.ts';
import { replaceStuckPods } from '../../clues/pods/stuck-pods.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';
import type { RefusalText } from '../../../../kube/refusal-texts.ts';
import type { Refused } from './refused.ts';
import { cannotMakePods, immutableReason, refusalEvidence, refusedBy, severityOf } from './refused.ts';

const MISSING_REFERENCE = 'missing-pod-reference';

/** What a pod spec names and the server looks up before it takes the pod. */
interface Reference {
  text: RefusalText;
  kind: string;
  apiVersion: string;
  namespaced: boolean;
  /** Fields of the pod spec that hold the name; a deprecated twin may stand beside the real one. */
  fields: string[];
  /** Its name where the field is empty. */
  fallback?: string;
}

const REFERENCES: readonly Reference[] = [
  {
    text: 'priorityClass', kind: 'PriorityClass', apiVersion: 'scheduling.k8s.io/v1', namespaced: false,
    fields: ['priorityClassName'],
  },
  {
    text: 'runtimeClass', kind: 'RuntimeClass', apiVersion: 'node.k8s.io/v1', namespaced: false,
    fields: ['runtimeClassName'],
  },
  {
    text: 'serviceAccount', kind: 'ServiceAccount', apiVersion: 'v1', namespaced: true,
    fields: ['serviceAccountName', 'serviceAccount'], fallback: 'default',
  },
]; // prettier-ignore

/** Pods that name a PriorityClass, RuntimeClass or ServiceAccount which does not exist. */
export async function analyzeMissingReferences(context: AnalyzerContext): Promise<Finding[]> {
  const refused = REFERENCES.flatMap((reference) =>
    refusedBy(context.view, reference.text).map((one) => ({ reference, one })),
  );
  return Promise.all(refused.map(({ reference, one }) => findingFor(context, reference, one)));
}

async function findingFor({ view, list }: AnalyzerContext, reference: Reference, refused: Refused): Promise<Finding> {
  const { workload, match } = refused;
  const { kind, apiVersion, namespaced, fields } = reference;
  const name = match[1]!;
  const namespace = namespaced ? workload.metadata.namespace : undefined;
  const template = podTemplateOf(workload);
  // Null where they may not be listed: then nothing is known to exist.
  const present = await list({ apiVersion, kind }, namespace).then(
    (objects) => objects.map(({ metadata }) => metadata.name),
    () => null,
  );
  const mutable = template && present && hasMutableTemplate(workload);
  const former = mutable ? formerFixes(workload, reference, present) : { fixes: [], reasons: [], loosens: false };
  const similar = mutable ? clearlySimilar(name, present, (each) => each) : null;
  return makeFinding({
    rule: MISSING_REFERENCE,
    severity: severityOf(view, workload),
    object: workload,
    what: `${kind}/${name}`,
    message: `${cannotMakePods(view, workload)}: they name ${kind} ${name}, which does not exist`,
    evidence: [
      refusalEvidence(refused),
      evidence('spec', workload, `${template?.field ?? 'spec'}.${fields[0]}`, `the template names ${kind} ${name}`),
      evidence('sibling', refTo(kind, apiVersion, namespace, name), null, presentInWords(kind, present)),
      ...former.reasons,
    ],
    fixes: [...former.fixes, ...(similar ? [renamed(similar.item, 0.8 * similar.similarity)] : [])],
    unfixed:
      immutableReason(workload) ??
      (former.loosens
        ? `it named no ${kind} before, and ${name} may be there to contain what it runs: whoever answers for its security takes the name out again, or makes ${kind} ${name}`
        : null) ??
      `nothing tells which ${kind} is meant: whoever made ${name} knows what it has to be, or ${workload.kind} ${workload.metadata.name} has to name another`,
  });

  function formerFixes(
    object: KubeObject,
    { fallback }: Reference,
    names: readonly string[],
  ): { fixes: FixDraft[]; reasons: Evidence[]; loosens: boolean } {
    const parts = formerParts(view, object, (pointer) => fields.some((field) => pointer === `/${field}`)).filter(
      ({ podSpec }) => {
        const before = (podSpec?.[fields[0]!] as string | undefined) ?? fallback;
        return before === undefined || names.includes(before);
      },
    );
    const kept = parts.filter(({ ops, podSpec }) => keepsHardening(template!, ops, podSpec));
    return {
      loosens: kept.length < parts.length,
      fixes: kept.map(({ ops, trust }) => fixOf(ops, `the ${kind} that it named before`, 0.92 * trust)),
      reasons: parts.map((part) => part.evidence),
    };
  }

  function renamed(other: string, confidence: number): FixDraft {
    const ops = fields
      .filter((field) => template!.spec[field] !== undefined)
      .flatMap((field): PatchOp[] => {
        const path = `${template!.pointer}/${field}`;
        return [
          { op: 'test', path, value: name },
          { op: 'replace', path, value: other },
        ];
      });
    return fixOf(ops, `${kind} ${other}`, confidence);
  }

  function fixOf(ops: PatchOp[], what: string, confidence: number): FixDraft {
    return {
      changes: ops.length === 0 ? [] : [jsonPatch(workload, ops), ...replaceStuckPods(view, workload)],
      expects: `The pods of ${workload.kind} ${workload.metadata.name} name ${what} and are accepted`,
      confidence,
    };
  }
}

function presentInWords(kind: string, names: readonly string[] | null): string {
  if (names === null) return `objects of kind ${kind} could not be listed`;
  if (names.length === 0) return `there is no ${kind}`;
  return `there are ${names.slice(0, 8).join(', ')}${names.length > 8 ? ' …' : ''}`;
}

export const missingPodReferenceRule: Analyzer = {
  rule: MISSING_REFERENCE,
  layer: 'configuration',
  kinds: [...PODS, ...REVISIONS, 'Event'],
  explains:
    'Pods that are refused because the PriorityClass, RuntimeClass or ServiceAccount which they name does not exist.',
  unfixed: 'nothing tells which existing object is meant, or what the missing one has to be',
  analyze: analyzeMissingReferences,
};
