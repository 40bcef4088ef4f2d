import type { Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { isServed } from '../../../../kube/container-trouble.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import type { SettingText } from '../../../../kube/named-hosts.ts';
import { serviceMeant, settingTexts } from '../../../../kube/named-hosts.ts';
import { servicePorts } from '../../../../kube/service-backends.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { settingChanges } from '../../clues/settings/setting-change.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import type { LogLine } from '../../clues/pods/workload-logs.ts';
import { logEvidence, TELLING, workloadLog } from '../../clues/pods/workload-logs.ts';
import type { Analyzer, AnalyzerContext, FixDraft } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';

const MALFORMED_VALUE = 'malformed-value';

/** `.env` files, YAML and people's editors leave them: as part of a variable they are part of the value. */
const QUOTED = /^(["'`])(.+)\1$|^[“‘](.+)[”’]$/s;
const INVISIBLE = /^[\s\u00a0\u200b\ufeff]+|[\s\u00a0\u200b\ufeff]+$/g;
const TWICE = /^([a-z][a-z0-9+.-]*:\/\/)(?=\1)/i;
/** An address and nothing else. */
const ADDRESS = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^@/\s]*@)?([a-z][a-z0-9.-]*)(?::(\d{1,5}))?(?:\/\S*)?$/i;
/** Numbers, durations, sizes and switches: no program takes them with quotes. */
const PLAIN = /^(?:-?\d+(?:\.\d+)?(?:ms|s|m|h|Ki|Mi|Gi|[KMG]B?|%)?|true|false|on|off|yes|no)$/i;
const MOST_LINES = 3;

interface Malformed {
  setting: SettingText;
  meant: string;
  /** What of it does not belong there, for people. */
  stray: string;
  lines: LogLine[];
}

/**
 * Variables of workloads in trouble whose value has quotes, blanks or a second scheme around what was meant. Only where what is
 * meant is beyond doubt: the address of a Service that is there, or a number or switch that a log complains of with its quotes.
 */
export async function analyzeMalformedValues(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  const troubled = troubledWorkloads(view, severity);
  const found: Finding[] = [];
  for (const workload of view.workloads()) {
    const trouble = troubled.get(refKey(refOf(workload)));
    if (trouble !== 'unhealthy' && trouble !== 'asked') continue;
    const settings = settingTexts(view, workload).filter(({ variable, text }) => variable !== null && cleaned(text));
    if (settings.length === 0) continue;
    const log = await workloadLog(context, workload);
    const malformed = settings.flatMap((setting) => malformedIn(view, workload, setting, log) ?? []);
    if (malformed.length > 0) found.push(findingFor(view, workload, malformed));
  }
  return found;
}

/** The value without what does not belong there, and what that is; null where nothing is odd. */
function cleaned(text: string): { meant: string; stray: string } | null {
  const strays: string[] = [];
  let meant = text.replace(INVISIBLE, '');
  if (meant !== text) strays.push('blanks at its ends');
  const quoted = QUOTED.exec(meant);
  if (quoted) {
    meant = (quoted[2] ?? quoted[3])!.replace(INVISIBLE, '');
    strays.push('quotes around it');
  }
  const once = meant.replace(TWICE, '');
  if (once !== meant) strays.push('its scheme twice');
  return strays.length > 0 && once !== '' ? { meant: once, stray: strays.join(' and ') } : null;
}

function malformedIn(
  view: ClusterView,
  workload: KubeObject,
  setting: SettingText,
  log: readonly LogLine[],
): Malformed | null {
  const { meant, stray } = cleaned(setting.text)!;
  const spoken = setting.text.trim();
  const lines = log.filter(({ text }) => TELLING.test(text) && text.replaceAll('\\', '').includes(spoken));
  const isMeant = leadsToService(view, workload, meant) || (PLAIN.test(meant) && spoken !== meant && lines.length > 0);
  return isMeant ? { setting, meant, stray, lines } : null;
}

function leadsToService(view: ClusterView, workload: KubeObject, text: string): boolean {
  const [, host, port] = ADDRESS.exec(text) ?? [];
  // A mere word may be a name of anything.
  if (host === undefined || (port === undefined && !text.includes('://'))) return false;
  const meant = serviceMeant(view, host.toLowerCase(), workload.metadata.namespace);
  const service = meant && view.find('Service', meant.namespace, meant.name);
  return Boolean(
    service && (port === undefined || servicePorts(service).some(({ number }) => number === Number(port))),
  );
}

function findingFor(view: ClusterView, workload: KubeObject, malformed: readonly Malformed[]): Finding {
  const { kind, metadata } = workload;
  const names = [...new Set(malformed.map(({ setting }) => setting.variable!))].sort();
  const [first] = malformed;
  const { object } = first!.setting;
  const where = object === workload ? '' : ` (${object.kind} ${object.metadata.name})`;
  return makeFinding({
    rule: MALFORMED_VALUE,
    severity: isServed(view, workload) ? 'warning' : 'critical',
    object: workload,
    what: names.join(','),
    message: `${kind} ${metadata.name} takes ${names.join(' and ')}${where} with ${first!.stray}, which become part of the value: ${untrustedLine(JSON.stringify(first!.meant))} is meant`,
    evidence: malformed.flatMap(({ setting, lines }) => [
      evidence(
        'spec',
        setting.object,
        setting.field,
        untrustedLine(`${setting.variable} is ${JSON.stringify(setting.text)}`),
      ),
      ...lines.slice(-MOST_LINES).map(logEvidence),
    ]),
    fixes: fixFor(view, malformed, names),
  });
}

function fixFor(view: ClusterView, malformed: readonly Malformed[], names: readonly string[]): FixDraft[] {
  const texts = malformed.map(({ setting, meant }) => ({ setting, text: meant }));
  const changes = settingChanges(view, texts);
  const confidence = malformed.some(({ lines }) => lines.length > 0) ? 0.92 : 0.75;
  return changes
    ? [{ changes, expects: `${names.join(' and ')} holds what is meant and nothing else`, confidence }]
    : [];
}

export const malformedValueRule: Analyzer = {
  rule: MALFORMED_VALUE,
  layer: 'configuration',
  kinds: [...PODS, 'Event', 'ConfigMap', 'Service', 'Namespace'],
  explains: 'Variables whose value holds quotes, blanks or a second scheme around what was meant.',
  unfixed: 'where the value is written cannot be changed: whoever made it can',
  analyze: analyzeMalformedValues,
};
