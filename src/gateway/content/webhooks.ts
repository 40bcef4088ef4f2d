import { printJson } from '../../json/lossless-json.ts';
import type { KubeObject } from '../../domain/kube-object.ts';
import type { ContentInput, ContentRule, WebhookFacts } from './content-input.ts';
import { isWebhookConfiguration, SYSTEM_NAMESPACES } from './content-input.ts';
import { selects } from './label-selector.ts';
import type { Webhook, WebhookRule } from './webhook-width.ts';
import { asksAbout, fails, isNoWider } from './webhook-width.ts';

const refused = (reason: string) => ({ rule: 'webhook', reason: `${reason}; do it by hand` });

const list = (text: string) => new Set(text.trim().split(/\s+/));
/**
 * Built-in resources that a new webhook may be asked about. Not on it: what nodes, controllers and the lock must always
 * be able to write, what gives rights, and Secrets, which it would be shown.
 */
const ASKABLE = new Map([
  ['', list('configmaps pods services persistentvolumeclaims replicationcontrollers podtemplates resourcequotas limitranges')],
  ['apps', list('deployments statefulsets daemonsets replicasets')],
  ['batch', list('jobs cronjobs')],
  ['autoscaling', list('horizontalpodautoscalers')],
  ['policy', list('poddisruptionbudgets')],
  ['networking.k8s.io', list('ingresses networkpolicies')],
]); // prettier-ignore

/** Entries that would be new, or ask about more, or refuse more than before. */
export function widened(before: KubeObject | null, after: KubeObject | null): Webhook[] {
  const old = new Map(webhooksOf(before).map((webhook) => [webhook.name, webhook]));
  return webhooksOf(after).filter((webhook) => {
    const known = old.get(webhook.name);
    return !known || !isNoWider(known, webhook);
  });
}

/** What a webhook may come to stand in the way of; what only narrows it passes. */
export const judgeWebhooks: ContentRule = (input) => {
  if (!isWebhookConfiguration(input) || !input.after) return null;
  const gained = widened(input.before, input.after);
  if (gained.length > 0 && input.kind !== 'ValidatingWebhookConfiguration') {
    return refused('a mutating webhook could rewrite what others write');
  }
  for (const webhook of gained) {
    const reason = input.webhooks ? standsInTheWay(webhook, input.webhooks) : 'its surroundings could not be read';
    if (reason) return refused(`webhook ${String(webhook.name).slice(0, 80)}: ${reason}`);
  }
  return null;
};

function standsInTheWay(webhook: Webhook, facts: WebhookFacts): string | null {
  for (const rule of webhook.rules ?? []) {
    const reason = asksTooMuch(rule);
    if (reason) return reason;
  }
  const written = [...facts.written].find((key) => {
    const [group = '', resource = ''] = key.split(' ');
    return asksAbout(webhook, group, resource);
  });
  if (written) return `it would be asked about ${written.trim()}, which this transaction writes and may have to undo`;
  const system = SYSTEM_NAMESPACES.find((name) => selectsNamespace(webhook, facts, name));
  if (system) return `it would be asked about objects in ${system}: leave that out with a namespaceSelector`;
  return fails(webhook) ? backendProblem(webhook, facts) : null;
}

function asksTooMuch({ apiGroups = [], resources = [] }: WebhookRule): string | null {
  for (const group of apiGroups) {
    if (group.includes('*')) return 'it would be asked about every API group, the lock included';
    const builtIn = !group.includes('.') || group.endsWith('.k8s.io');
    for (const resource of resources) {
      if (resource.includes('*')) return 'it would be asked about every resource of a group: name them';
      if (builtIn && !ASKABLE.get(group)?.has(resource)) {
        return `it would be asked about ${resource}${group ? `.${group}` : ''}, which must not wait for a webhook`;
      }
    }
  }
  return null;
}

/** Its labels may be unknown; the one with its name is always there. */
function selectsNamespace(webhook: Webhook, facts: WebhookFacts, name: string): boolean {
  const labels = { ...facts.namespaces.get(name), 'kubernetes.io/metadata.name': name };
  return selects(webhook.namespaceSelector, labels);
}

function backendProblem(webhook: Webhook, facts: WebhookFacts): string | null {
  const { service, url } = webhook.clientConfig ?? {};
  if (url !== undefined || !service?.name || !service.namespace) {
    return 'whether what answers it is up cannot be checked (it is not a Service), and it refuses while it is not';
  }
  const { name, namespace } = service;
  if (!facts.ready.has(`${namespace}/${name}`)) {
    return `Service ${namespace}/${name}, which answers it, has no ready endpoint, and it refuses while it has none`;
  }
  if (selectsNamespace(webhook, facts, namespace)) {
    return `it would be asked about objects in ${namespace}, where what answers it runs: that could not start again`;
  }
  return null;
}

/** A write, and its undo, must not depend on a webhook that the same transaction put in force. */
export const judgeOwnHooks: ContentRule = ({ group, resource, ownHooks = [] }: ContentInput) => {
  for (const { before, after } of ownHooks) {
    const webhook = widened(before, after).find((one) => asksAbout(one, group, resource));
    if (webhook) {
      const name = after?.metadata.name ?? '';
      return refused(`${name}, which this transaction put in force, would be asked about this write and its undo`);
    }
  }
  return null;
};

/** A CRD whose objects are converted by a webhook cannot be read while that is away. */
export const judgeConversion: ContentRule = ({ group, kind, before, after }) => {
  if (group !== 'apiextensions.k8s.io' || kind !== 'CustomResourceDefinition' || !after) return null;
  const webhook = (object: KubeObject | null) => printJson(object?.spec?.conversion?.webhook ?? null);
  const gained = after.spec?.conversion?.strategy === 'Webhook' && webhook(before) !== webhook(after);
  return gained ? refused('objects that a webhook converts cannot be read while it is away') : null;
};

export function webhooksOf(object: KubeObject | null): Webhook[] {
  return Array.isArray(object?.webhooks) ? (object.webhooks as Webhook[]) : [];
}
