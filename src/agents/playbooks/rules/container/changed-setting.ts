import type { Evidence, Finding } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { refKey, refOf } from '../../../../domain/kube-object.ts';
import { pointerKey } from '../../../../json/stable-json.ts';
import type { ClusterView } from '../../../../kube/cluster-view.ts';
import { isServed } from '../../../../kube/container-trouble.ts';
import { PODS } from '../../../../kube/kind-sets.ts';
import { changedAt } from '../../../../kube/managed-fields.ts';
import { namedHosts, serviceMeant, settingTexts } from '../../../../kube/named-hosts.ts';
import type { SettingText } from '../../../../kube/named-hosts.ts';
import { LAST_APPLIED_FIELD, containersOf, lastApplied, podTemplateOf } from '../../../../kube/pod-template.ts';
import type { Untyped } from '../../../../kube/pod-template.ts';
import { literalPattern } from '../../../../text/literal-pattern.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { settingChanges } from '../../clues/settings/setting-change.ts';
import { troubledWorkloads } from '../../clues/pods/troubled.ts';
import type { Analyzer, AnalyzerContext } from '../../engine/analyzer.ts';
import { evidence, makeFinding } from '../../engine/analyzer.ts';
import { TELLING } from '../../clues/pods/workload-logs.ts';
import { saying } from './logs.ts';
import type { Saying } from './logs.ts';

const CHANGED_SETTING = 'changed-setting';

/** Shorter values stand in many lines by chance. */
const TELLING_VALUE = 4;

/** An entry of a ConfigMap that a broken container complains of. */
interface Named {
  setting: SettingText;
  key: string;
  /** What it said when it was last applied, where that is something else. */
  former: string | null;
  change: { at: number; by: string } | null;
  lines: string[];
}

/** Broken containers that complain of an entry of a ConfigMap which somebody changed. */
export async function analyzeChangedSettings(context: AnalyzerContext): Promise<Finding[]> {
  const { view, severity } = context;
  const troubled = troubledWorkloads(view, severity);
  const findings: Finding[] = [];
  for (const workload of view.workloads()) {
    if (troubled.get(refKey(refOf(workload))) !== 'unhealthy') continue;
    const settings = settingTexts(view, workload).filter(({ object }) => object.kind === 'ConfigMap');
    const readers = new Set(settings.map(({ container }) => container));
    if (readers.size === 0) continue;
    const isReader = (container: Untyped) => readers.has(String(container?.name));
    for (const said of await saying(context, workload, TELLING, isReader)) {
      const own = settings.filter(({ container }) => container === said.own.name);
      const named = distinct(own).flatMap((setting) => namedBy(view, setting, said.lines) ?? []);
      if (named.length > 0) findings.push(findingFor(view, workload, said, named));
    }
  }
  return findings;
}

/** A container may read one entry at several places. */
function distinct(settings: SettingText[]): SettingText[] {
  const seen = new Set<string>();
  return settings.filter(({ object, pointer, variable }) => {
    const key = `${refKey(refOf(object))} ${pointer} ${variable ?? ''}`;
    return !seen.has(key) && seen.add(key);
  });
}

function namedBy(view: ClusterView, setting: SettingText, all: string[]): Named | null {
  const { object, text, pointer, variable } = setting;
  const key = pointerKey(pointer.slice('/data/'.length));
  const applied: unknown = lastApplied(object)?.data?.[key];
  const former = typeof applied === 'string' && applied !== text ? applied : null;
  if (isAddress(view, setting, former)) return null;
  const change = changedAt(object, ['data', key]);
  if (former === null && !isLater(object, change)) return null;
  const words = [key, ...(variable === null ? [] : [variable])];
  const values = former === null ? [] : newValues(text, former).filter((value) => value.length >= TELLING_VALUE);
  const lines = all.filter((line) => TELLING.test(line) && [...words, ...values].some((word) => holdsWord(line, word)));
  return lines.length > 0 ? { setting, key, former, change, lines } : null;
}

/** Where to ask is the matter of rules that know the Services. */
function isAddress(view: ClusterView, { object, text, pointer }: SettingText, former: string | null): boolean {
  const changed = (former === null ? [text] : newLines(text, former)).join('\n').toLowerCase();
  const hosts = namedHosts(view).filter((one) => one.object === object && one.pointer === pointer && one.address);
  if (hosts.some(({ host, port }) => changed.includes(host) && (port !== null || host.includes('.')))) return true;
  const meant = former === null ? null : serviceMeant(view, former.trim().toLowerCase(), object.metadata.namespace);
  return meant !== null && view.find('Service', meant.namespace, meant.name) !== undefined;
}

/** Somebody changed the entry after its object was made. */
function isLater({ metadata }: KubeObject, change: Named['change']): boolean {
  return change !== null && change.at > Date.parse(metadata.creationTimestamp ?? '') + 1_000;
}

function newLines(text: string, former: string): string[] {
  const before = new Set(former.split('\n').map((line) => line.trim()));
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !before.has(line));
}

/** Lines that are new, and paths in them: programs complain of the file, not of the line that names it. */
function newValues(text: string, former: string): string[] {
  const lines = newLines(text, former);
  const paths = lines
    .flatMap((line) => line.split(/[\s='",;]+/))
    .filter((word) => word.includes('/') && !former.includes(word));
  return [...lines, ...paths];
}

/** As a word of its own: `WORKERS` is not named by `MAX_WORKERS`. */
function holdsWord(line: string, word: string): boolean {
  return new RegExp(`(?<![A-Za-z0-9_.-])${literalPattern(word)}(?![A-Za-z0-9_-])`).test(line);
}

function findingFor(view: ClusterView, workload: KubeObject, { own, pod }: Saying, all: Named[]): Finding {
  const known = all.filter(({ former }) => former !== null);
  const named = known.length > 0 ? known : all;
  const [first] = named as [Named];
  const { kind, metadata } = workload;
  const map = first.setting.object;
  const changes = settingChanges(
    view,
    known.map(({ setting, former }) => ({ setting, text: former! })),
  );
  const keys = [...new Set(named.map(({ key }) => key))].join(', ');
  const what = `${keys} of ConfigMap ${map.metadata.name}`;
  const place = containersOf(podTemplateOf(workload)?.spec).find(({ name }) => name === own.name)?.place ?? '';
  return makeFinding({
    rule: CHANGED_SETTING,
    severity: isServed(view, workload) ? 'warning' : 'critical',
    object: workload,
    what: `${own.name}:${map.metadata.name}:${keys}`,
    message:
      `Container ${own.name} of ${kind} ${metadata.name} complains of ${what}, which ` +
      (known.length > 0 ? 'is not what was last applied' : `was changed${whenOf(first)}`),
    evidence: [
      ...[...new Set(named.flatMap(({ lines }) => lines))]
        .slice(-3)
        .map((line) => evidence('log', pod, `log of container ${own.name}`, untrustedLine(line))),
      ...named.flatMap((one) => settingEvidence(one)),
      evidence('spec', workload, `${podTemplateOf(workload)?.field}.${place}`, `container ${own.name} reads ${what}`),
    ],
    fixes:
      known.length > 0 && changes
        ? [
            {
              changes,
              expects: `${what} is again what was last applied, and the pods of ${kind} ${metadata.name} become ready`,
              confidence: 0.85,
            },
          ]
        : [],
    ...(known.length > 0
      ? { unfixed: `ConfigMap ${map.metadata.name} cannot be changed in place: whoever made it has to replace it` }
      : {}),
  });
}

function settingEvidence({ setting, key, former, change }: Named): Evidence[] {
  const { object, field, text } = setting;
  const [now] = former === null ? [text] : newLines(text, former);
  const value = untrustedLine(`${key} is ${JSON.stringify((now ?? text).slice(0, 120))}`);
  const when = change ? `, changed${whenOf({ change })}` : '';
  const facts = [evidence('spec', object, field, `${value}${when}`)];
  if (former === null) return facts;
  const before = newLines(former, text)[0] ?? former;
  const words = untrustedLine(`it was last applied with ${JSON.stringify(before.slice(0, 120))}`);
  return [...facts, evidence('revision', object, LAST_APPLIED_FIELD, words)];
}

function whenOf({ change }: Pick<Named, 'change'>): string {
  if (!change) return '';
  return ` at ${new Date(change.at).toISOString()}${change.by ? ` by ${change.by}` : ''}`;
}

export const changedSettingRule: Analyzer = {
  rule: CHANGED_SETTING,
  layer: 'configuration',
  kinds: [...PODS, 'Event', 'ConfigMap', 'Service', 'Namespace'],
  explains: 'Containers that fail and complain of an entry of a ConfigMap which somebody changed.',
  unfixed: 'nothing in the cluster keeps what the entry said before: whoever changed it can say what was meant',
  analyze: analyzeChangedSettings,
};
