import { sameJson } from '../../json/same-json.ts';
import type { Json } from '../../json/json.ts';
import type { LabelSelector } from './label-selector.ts';
import { isNarrower } from './label-selector.ts';

export interface WebhookRule {
  apiGroups?: string[];
  apiVersions?: string[];
  operations?: string[];
  resources?: string[];
  scope?: string;
}

/** One entry of a webhook configuration. */
export interface Webhook {
  name: string;
  failurePolicy?: string;
  timeoutSeconds?: number;
  matchPolicy?: string;
  clientConfig?: { url?: string; service?: { namespace?: string; name?: string } };
  rules?: WebhookRule[];
  namespaceSelector?: LabelSelector;
  objectSelector?: LabelSelector;
  matchConditions?: Array<{ name: string; expression: string }>;
  [field: string]: unknown;
}

/** Fields whose change is weighed; a change of any other one makes the webhook another one. */
const WEIGHED = new Set([
  'failurePolicy', 'timeoutSeconds', 'matchPolicy', 'rules', 'namespaceSelector', 'objectSelector', 'matchConditions',
]); // prettier-ignore

/** Whether `after` refuses, sees and delays nothing that `before` did not. */
export function isNoWider(before: Webhook, after: Webhook): boolean {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)]);
  const others = [...fields].filter((field) => !WEIGHED.has(field));
  return (
    others.every((field) => sameJson(before[field] as Json, after[field] as Json)) &&
    (fails(before) || !fails(after)) &&
    waitsNoLonger(before, after) &&
    (before.matchPolicy === after.matchPolicy || after.matchPolicy === 'Exact') &&
    (after.rules ?? []).every((rule) => (before.rules ?? []).some((old) => ruleCovers(old, rule))) &&
    isNarrower(before.namespaceSelector, after.namespaceSelector) &&
    isNarrower(before.objectSelector, after.objectSelector) &&
    (before.matchConditions ?? []).every((condition) =>
      (after.matchConditions ?? []).some((one) => sameJson(one as unknown as Json, condition as unknown as Json)),
    )
  );
}

/** `Fail` is the default of admissionregistration.k8s.io/v1. */
export function fails(webhook: Webhook): boolean {
  return webhook.failurePolicy !== 'Ignore';
}

/** One that fails refuses more when it waits less; one that is ignored delays more when it waits longer. */
function waitsNoLonger(before: Webhook, after: Webhook): boolean {
  const [old, now] = [before.timeoutSeconds ?? 10, after.timeoutSeconds ?? 10];
  return fails(after) ? now >= old : now <= old;
}

function ruleCovers(old: WebhookRule, rule: WebhookRule): boolean {
  const fields = ['apiGroups', 'apiVersions', 'operations', 'resources'] as const;
  const scope = (one: WebhookRule) => one.scope ?? '*';
  return (
    (scope(old) === '*' || scope(old) === scope(rule)) &&
    fields.every((field) => (rule[field] ?? []).every((word) => covers(old[field] ?? [], word, field === 'resources')))
  );
}

/** `*` stands for all resources without their sub-resources, `*\/*` for all, `a/*` for those of one. */
function covers(list: string[], word: string, resources: boolean): boolean {
  if (list.includes(word)) return true;
  if (!resources) return list.includes('*');
  const [name, part] = word.split('/');
  if (list.includes('*/*')) return true;
  if (part === undefined) return list.includes('*');
  return list.includes(`*/${part}`) || list.includes(`${name}/*`);
}

/** Whether the webhook may be asked about an object of this resource, whatever its selectors say. */
export function asksAbout(webhook: Webhook, group: string, resource: string): boolean {
  return (webhook.rules ?? []).some(
    (rule) =>
      ['*', group].some((word) => rule.apiGroups?.includes(word)) &&
      (rule.resources ?? []).some((word) => word === '*' || word === '*/*' || word.split('/')[0] === resource),
  );
}
