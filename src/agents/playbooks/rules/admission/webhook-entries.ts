import type { KubeObject } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';

export const WEBHOOK_KINDS = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'] as const;

/** A webhook in the configuration that holds it. */
export interface WebhookEntry {
  config: KubeObject;
  index: number;
  webhook: Untyped;
}

/** Webhooks of a name; it is unique only within its configuration. */
export function webhooksNamed(view: ClusterView, name: string): WebhookEntry[] {
  return WEBHOOK_KINDS.flatMap((kind) => view.all(kind)).flatMap((config) =>
    ((config['webhooks'] ?? []) as Untyped[]).flatMap((webhook, index) =>
      webhook?.name === name ? [{ config, index, webhook }] : [],
    ),
  );
}
