import { X509Certificate } from 'node:crypto';
import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { oneLine } from '../../../../text/plain-text.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const WEBHOOK_CERTIFICATE = 'webhook-certificate';

const SOON_MS = 14 * 86_400_000;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Webhooks that trust only authorities whose certificates have expired, or soon will: every call of theirs then fails. What
 * is in TLS Secrets is not read.
 */
export function analyzeWebhookCertificates({ view }: AnalyzerContext): Finding[] {
  return ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration']
    .flatMap((kind) => view.all(kind))
    .flatMap((config) =>
      ((config['webhooks'] ?? []) as KubeObject['spec'][]).flatMap((hook, index): Finding[] => {
        const until = trustedUntil(hook?.clientConfig?.caBundle);
        if (until === null || until - view.now > SOON_MS) return [];
        const expired = until <= view.now;
        const date = new Date(until).toISOString();
        const name = oneLine(hook.name, 120);
        const field = `webhooks[${index}].clientConfig.caBundle`;
        const refuses = (hook.failurePolicy ?? 'Fail') === 'Fail';
        return [
          makeFinding({
            rule: WEBHOOK_CERTIFICATE,
            severity: expired && refuses ? 'warning' : 'info',
            object: config,
            what: `ca/${name}`,
            message: `Webhook ${name} of ${config.kind} ${config.metadata.name} trusts an authority that ${expired ? 'expired' : 'expires'} at ${date}${refuses ? ', and refuses what it cannot ask about (failurePolicy Fail)' : ''}`,
            evidence: [evidence('spec', config, field, `the last of its certificates is valid until ${date}`)],
          }),
        ];
      }),
    );
}

/** The end of the certificate that is valid longest; null where there is none to read. */
function trustedUntil(bundle: unknown): number | null {
  if (typeof bundle !== 'string' || bundle.length > 200_000) return null;
  const ends = [...Buffer.from(bundle, 'base64').toString('latin1').matchAll(CERTIFICATE)].map(([text]) => {
    try {
      return Date.parse(new X509Certificate(text).validTo);
    } catch {
      // Not for us to judge: the server may read it.
      return Number.POSITIVE_INFINITY;
    }
  });
  return ends.length > 0 ? Math.max(...ends) : null;
}

export const webhookCertificateRule: Analyzer = {
  rule: WEBHOOK_CERTIFICATE,
  layer: 'infrastructure',
  kinds: ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'],
  explains: 'Requests that admission refuses because a webhook cannot be trusted any more, now or soon.',
  unfixed: 'a certificate is made anew by whoever runs the webhook, or its certificate manager',
  analyze: analyzeWebhookCertificates,
};
