import type { Change, PatchOp } from '../../../../domain/change.ts';
import type { Evidence, Finding, FindingSeverity } from '../../../../domain/finding.ts';
import { NEED, PODS, REVISIONS } from '../../../../kube/kind-sets.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { prodController } from '../../clues/pods/prod-controller.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { jsonPatch } from '../../engine/changes.ts';
import { cannotMakePods, refusalEvidence, refusedBy, severityOf } from './refused.ts';
import type { Refused } from './refused.ts';
import type { BackendVerdict } from './webhook-backend.ts';
import { examineBackend } from './webhook-backend.ts';
import { WEBHOOK_KINDS, webhooksNamed } from './webhook-entries.ts';
import type { WebhookEntry } from './webhook-entries.ts';

const ADMISSION_WEBHOOK = 'admission-webhook-unreachable';
/** Workloads that one fix makes try again; the others do so by themselves. */
const MAX_PRODDED = 12;

/** Pods that are refused because a webhook which must agree cannot be asked. */
export async function analyzeUnreachableWebhooks(context: AnalyzerContext): Promise<Finding[]> {
  const groups = new Map<string, Refused[]>();
  for (const refused of refusedBy(context.view, 'webhookUnreachable')) {
    const name = refused.match[1]!;
    groups.set(name, [...(groups.get(name) ?? []), refused]);
  }
  return Promise.all([...groups].map(([name, refused]) => findingFor(context, name, refused)));
}

async function findingFor(context: AnalyzerContext, name: string, refused: Refused[]): Promise<Finding> {
  const { view } = context;
  const [first] = refused as [Refused];
  const entry = entryFor(view, name, first.message);
  const whole = `${whoCannot(view, refused)}: admission webhook ${name}`;
  const evidenceOf = (facts: Evidence[]) => [...refused.slice(0, 3).map(refusalEvidence), ...facts];
  const draft = { rule: ADMISSION_WEBHOOK, severity: worst(view, refused), what: name };
  if (!entry) {
    const gone = WEBHOOK_KINDS.every((kind) => view.known(kind));
    return makeFinding({
      ...draft,
      object: first.workload,
      message: gone
        ? `${whole}, which refused them, is no longer there; their controller has not tried again yet`
        : `${whole} cannot be reached, and webhook configurations could not be read`,
      evidence: evidenceOf([]),
      fixes: gone ? [retryFix(view, refused, name)] : [],
      unfixed: `whoever may read webhook configurations finds the one with webhook ${name}, and what should answer it`,
    });
  }
  const { config, webhook } = entry;
  if (webhook.failurePolicy === 'Ignore') {
    return makeFinding({
      ...draft,
      object: config,
      message: `${whole} does not stand in the way any longer (failurePolicy Ignore); their controller has not tried again yet`,
      evidence: evidenceOf([
        evidence('spec', config, `webhooks[${entry.index}].failurePolicy`, 'failurePolicy is Ignore'),
      ]),
      fixes: [retryFix(view, refused, name)],
    });
  }
  const verdict = await examineBackend(context, entry, first.message);
  const policy = `failurePolicy Fail in ${config.kind} ${config.metadata.name}`;
  return makeFinding({
    ...draft,
    object: verdict.repair && verdict.object ? verdict.object : config,
    message:
      verdict.state === 'answers'
        ? `${whole} could not be reached; ${verdict.text}, and their controller has not tried again yet`
        : `${whole} cannot be reached: ${verdict.text} (${policy})`,
    evidence: evidenceOf([
      evidence('spec', config, `webhooks[${entry.index}].failurePolicy`, `${name}: ${policy}`),
      ...verdict.evidence,
    ]),
    fixes: fixesFor(view, entry, verdict, refused, name),
    unfixed: unfixedFor(entry, verdict),
  });
}

/** Several configurations may hold a webhook of the name; the error tells which Service it called. */
function entryFor(view: ClusterView, name: string, message: string): WebhookEntry | undefined {
  const entries = webhooksNamed(view, name);
  const called = entries.find(({ webhook }) => {
    const { service, url } = webhook.clientConfig ?? {};
    return message.includes(service ? `://${service.name}.${service.namespace}.svc` : String(url));
  });
  return called ?? entries[0];
}

function fixesFor(
  view: ClusterView,
  entry: WebhookEntry,
  verdict: BackendVerdict,
  refused: Refused[],
  name: string,
): FixDraft[] {
  const retry = prods(view, refused, name);
  if (verdict.state === 'answers') return [retryFix(view, refused, name)];
  if (verdict.state === 'gone') {
    return [
      {
        changes: [ignored(entry), ...retry],
        expects: `Pods are made without webhook ${name}, which nothing answers; the configuration stays and can be set back`,
        confidence: 0.85,
      },
    ];
  }
  if (verdict.repair) {
    const { changes, confidence } = verdict.repair;
    return [
      {
        changes: [...changes, ...retry],
        expects: `Webhook ${name} is answered again and lets the pods in`,
        confidence,
      },
    ];
  }
  return verdict.deadlock ? deadlockFix(entry, verdict, retry) : [];
}

/** Only whether the API server goes on without an answer; what the webhook is asked about stays. */
function ignored({ config, index, webhook }: WebhookEntry): Change {
  const at = `/webhooks/${index}`;
  return jsonPatch(config, [
    ...guards(at, webhook),
    { op: 'test', path: `${at}/failurePolicy`, value: webhook.failurePolicy ?? 'Fail' },
    { op: 'replace', path: `${at}/failurePolicy`, value: 'Ignore' },
  ]);
}

function guards(at: string, webhook: WebhookEntry['webhook']): PatchOp[] {
  return [
    { op: 'test', path: `${at}/name`, value: webhook.name },
    { op: 'test', path: `${at}/clientConfig/service`, value: webhook.clientConfig?.service },
  ];
}

/** kubernetes.io, "Admission webhook good practices": a webhook is not asked about the namespace it runs in. */
function deadlockFix(
  { config, index, webhook }: WebhookEntry,
  { object }: BackendVerdict,
  retry: Change[],
): FixDraft[] {
  const namespace = object?.namespace;
  if (!namespace) return [];
  const at = `/webhooks/${index}`;
  const now = webhook.namespaceSelector;
  const own = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [namespace] };
  const selector = { ...now, matchExpressions: [...(now?.matchExpressions ?? []), own] };
  const changes = [
    jsonPatch(config, [
      ...guards(at, webhook),
      ...(now === undefined ? [] : [{ op: 'test' as const, path: `${at}/namespaceSelector`, value: now as unknown }]),
      { op: 'add', path: `${at}/namespaceSelector`, value: selector },
    ]),
    ...retry,
  ];
  const expects = `What answers webhook ${webhook.name} can start in namespace ${namespace}, and then lets other pods in`;
  return [{ changes, expects, confidence: 0.6 }];
}

function prods(view: ClusterView, refused: Refused[], name: string): Change[] {
  return refused
    .slice(0, MAX_PRODDED)
    .map(({ workload, maker }) => prodController(view, workload, maker, `webhook ${name}`));
}

function retryFix(view: ClusterView, refused: Refused[], name: string): FixDraft {
  return {
    changes: prods(view, refused, name),
    expects: 'Their controller tries again at once and makes the pods',
    confidence: 0.8,
  };
}

function unfixedFor({ config, index }: WebhookEntry, { object, state }: BackendVerdict): string {
  const field = `webhooks[${index}] of ${config.kind} ${config.metadata.name}`;
  const where = object ? `${object.kind} ${object.namespace}/${object.name}` : 'what answers it';
  return state === 'gone'
    ? `the owner of ${field} decides`
    : `${where} has to answer again, or ${field} has to name what does: the owner of the webhook decides, because going on without it would let in what it guards against`;
}

function whoCannot(view: ClusterView, refused: readonly Refused[]): string {
  const [first] = refused as [Refused];
  const text = cannotMakePods(view, first.workload);
  return refused.length === 1 ? text : `${text} (and ${refused.length - 1} more workloads)`;
}

function worst(view: ClusterView, refused: readonly Refused[]): FindingSeverity {
  return refused.some(({ workload }) => severityOf(view, workload) === 'critical') ? 'critical' : 'warning';
}

export const admissionWebhookRule: Analyzer = {
  rule: ADMISSION_WEBHOOK,
  layer: 'configuration',
  kinds: [...PODS, ...REVISIONS, ...NEED, ...WEBHOOK_KINDS],
  explains: 'Pods that are refused because an admission webhook which must agree cannot be reached, and why it cannot.',
  unfixed: 'going on without a webhook would let in what it guards against: its owner decides',
  analyze: analyzeUnreachableWebhooks,
};
