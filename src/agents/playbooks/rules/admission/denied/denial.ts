import type { Evidence } from '../../../../../domain/finding.ts';
import type { KubeObject } from '../../../../../domain/kube-object.ts';
import { literalPattern } from '../../../../../text/literal-pattern.ts';
import { untrustedLine } from '../../../../../text/redact.ts';
import { evidence } from '../../../engine/analyzer.ts';
import type { AnalyzerContext } from '../../../engine/analyzer.ts';
import { demandsOf } from './policy-demands.ts';
import type { Demand } from './policy-demands.ts';
import type { Refused } from '../refused.ts';

/** What an admission webhook or policy said when it denied pods. */
export interface Denial {
  /** `admission webhook guard.example`, `admission policy owners (binding all)` */
  who: string;
  /** Name of the webhook, where it was one. */
  webhook?: string;
  /** The ValidatingAdmissionPolicy; null for a webhook, and for who may not read policies. */
  policy: KubeObject | null;
  /** Name of the binding. */
  binding?: string;
  /** Untrusted; without what introduces it. */
  words: string;
  /** What the expressions of the policy ask for. */
  asked: Demand[];
}

const POLICY = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy' };

export async function denialOf({ get }: Pick<AnalyzerContext, 'get'>, { message, match }: Refused): Promise<Denial> {
  const [whole, webhook, name, binding] = match;
  const words = message.slice(match.index + whole.length).replace(/^[:\s]+/, '') || message;
  if (webhook) return { who: `admission webhook ${webhook}`, webhook, policy: null, words, asked: [] };
  // Who may not read policies has its words.
  const policy = name ? await get({ ...POLICY, name }).catch(() => null) : null;
  return {
    who: `admission policy ${name}${binding ? ` (binding ${binding})` : ''}`,
    policy,
    ...(binding ? { binding } : {}),
    words,
    asked: policy ? demandsOf(policy, words) : [],
  };
}

/** `namespace shop must have`, `label team of the namespace`: of `pods in namespace shop` it says nothing. */
const OF_NAMESPACE =
  /(?<!\b(?:in|of|from|for|within|to|by|into) (?:the |this |your |its )?)\bnamespaces?(?: ["'`]?[a-z0-9-]+["'`]?)? (?:must|should|needs?|requires?|lacks?|ha(?:s|ve) (?:no|to)|(?:is|are) (?:missing|without|not labell?ed)|do(?:es)? not|without|misses)\b|\b(?:labels?|annotations?)\b[^.;]{0,80}\b(?:of|on|in) (?:the |its |their |your )?namespace\b|\bnamespace (?:labels?|annotations?)\b/i;

/** Whether what is asked for is asked of the namespace, and not of the pods in it. */
export function speaksOfNamespace(words: string): boolean {
  return OF_NAMESPACE.test(words);
}

/**
 * Keys of labels or annotations that words ask for.
 * @param known those that somebody has and that stand in the words: where there are any, other words are no keys
 */
export function keysTold(words: string, field: Demand['field'], known: readonly string[]): string[] {
  const spoken = field === 'labels' ? /\blabels?\b/i : /\bannotations?\b/i;
  if (!spoken.test(words)) return [];
  if (known.length > 0) return [...new Set(known)];
  const word = field.slice(0, -1);
  const key = '[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]';
  // Without marks around it only what is no word of a language is taken for a key.
  const forms = [
    `\\b${word}s?:?\\s+(?:named |key |called )?["'\`{\\[]*(${key})["'\`}\\]]`,
    `["'\`](${key})["'\`] ${word}\\b`,
    `\\b${word}s?:?\\s+([a-z0-9]+[./-]${key})`,
  ];
  const told = forms.flatMap((form) => [...words.matchAll(new RegExp(form, 'gi'))].map((match) => match[1]!));
  return [...new Set(told)];
}

/** As a word of its own: neither `team` in `teams`, nor `name` in `app.kubernetes.io/name`. */
export function holdsKey(words: string, key: string): boolean {
  return new RegExp(`(?<![A-Za-z0-9_./-])${literalPattern(key)}(?![A-Za-z0-9_/-]|\\.[A-Za-z0-9])`).test(words);
}

export function policyEvidence(policy: KubeObject, demands: readonly Demand[]): Evidence {
  const list = demands.map(
    ({ of, field, key }) => `${field.slice(0, -1)} ${key}${of === 'pods' ? '' : ' of the namespace'}`,
  );
  const text = `ValidatingAdmissionPolicy ${policy.metadata.name} asks for ${list.join(', ')}`;
  return evidence('sibling', policy, 'spec.validations', untrustedLine(text));
}
