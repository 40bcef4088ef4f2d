import * as z from 'zod';
import type { KubeObject } from '../../../domain/kube-object.ts';
import { refLabel, refOf } from '../../../domain/kube-object.ts';
import { statusesOf } from '../../../kube/pod-state.ts';
import { didYouMean } from '../../../text/edit-distance.ts';
import type { LogSource } from '../evidence/container-logs.ts';
import { logName, logSources, redactedLog, templateFacts } from '../evidence/container-logs.ts';
import { factOf } from '../evidence/facts.ts';
import { logTemplates } from '../../../text/log-templates.ts';
import { Answer } from './answer.ts';
import { namespaceOf, NAMESPACE, plainName, viewOf } from './subject.ts';
import { readableKind } from './kinds.ts';
import type { Tool, ToolDesk } from './tool.ts';

const LOGS = z.object({
  name: z.string().min(1).max(253).describe('Name of a pod, or of a workload whose failing pods are meant.'),
  namespace: NAMESPACE,
  container: z.string().max(63).optional(),
  previous: z.boolean().optional().describe('The log before the last restart.'),
  grep: z.string().max(200).optional().describe('Only lines that hold this text, as they are; no pattern.'),
});

const SOURCES = 4;
const LAST_LINES = 3;
const LINES = 60;

export const getLogs: Tool<z.infer<typeof LOGS>> = {
  name: 'get_logs',
  description:
    'Logs of a pod or workload as templates with counts and times (trouble first), and the last lines; with grep, the lines themselves.',
  schema: LOGS,
  async run({ name, namespace, container, previous, grep }, desk) {
    const sources = await sourcesOf(desk, plainName(name), namespace, container, previous);
    const answer = new Answer(desk.evidence);
    for (const source of sources) {
      const lines = await linesOf(desk, source);
      answer.say(
        `${refLabel(refOf(source.pod))} ${logName(source)}: ${typeof lines === 'string' ? lines : lines.length === 0 ? 'it has no log' : `${lines.length} lines`}`,
      );
      if (typeof lines === 'string' || lines.length === 0) continue;
      const asFact = (line: string) =>
        factOf('log', source.pod, line, `log[${source.container}]${source.previous ? '.previous' : ''}`);
      if (grep) {
        const found = lines.filter((line) => line.toLowerCase().includes(grep.toLowerCase()));
        answer.say(
          found.length === 0 ? `no line holds '${grep}'` : `${found.length} lines hold '${grep}', latest last`,
        );
        answer.show(found.slice(-LINES).map(asFact));
      } else {
        const templates = logTemplates(lines);
        answer.show(templateFacts(source, templates));
        if (lines.length > Math.max(LAST_LINES, templates.length))
          answer.say('last lines').show(lines.slice(-LAST_LINES).map(asFact));
      }
    }
    return answer.text('ask for one container, or with grep');
  },
};

/** A failed read is the answer, not the end of the others. */
async function linesOf(desk: ToolDesk, source: LogSource): Promise<string[] | string> {
  try {
    return await redactedLog(desk.reads, source);
  } catch (error) {
    return `could not be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function sourcesOf(
  desk: ToolDesk,
  name: string,
  namespace: string | undefined,
  container: string | undefined,
  previous: boolean | undefined,
): Promise<LogSource[]> {
  const view = viewOf(desk);
  const place = namespaceOf(desk, readableKind('Pod'), namespace)!;
  const pod =
    view.find('Pod', place, name) ??
    (view.inScope(place) ? null : await desk.reads.get({ apiVersion: 'v1', kind: 'Pod', namespace: place, name }));
  if (pod) return ofPod(pod, container, previous ?? false);
  const workload = view.workloads().find(({ metadata }) => metadata.name === name && metadata.namespace === place);
  const behind =
    workload ?? view.workloadsBehind(view.find('Service', place, name) ?? ({ metadata: {} } as KubeObject))[0];
  if (!behind) {
    const names = [...view.workloads(), ...view.all('Pod')]
      .filter(({ metadata }) => metadata.namespace === place)
      .map(({ metadata }) => metadata.name);
    throw new Error(
      `there is no pod or workload '${name}' in namespace ${place}${didYouMean(name, names)}; there are ${[...new Set(names)].slice(0, 30).join(', ')}`,
    );
  }
  if (view.podsOf(behind).length === 0)
    throw new Error(`${behind.kind} ${behind.metadata.name} has no pods, so no logs; describe_object tells why`);
  const sources = logSources(view, behind).filter(
    (source) =>
      (!container || source.container === container) && (previous === undefined || source.previous === previous),
  );
  return (sources.length > 0 ? sources : ofPod(view.podsOf(behind).at(-1)!, container, previous ?? false)).slice(
    0,
    SOURCES,
  );
}

function ofPod(pod: KubeObject, container: string | undefined, previous: boolean): LogSource[] {
  const names = statusesOf(pod).map((status) => status.name);
  if (container && !names.includes(container))
    throw new Error(
      `pod ${pod.metadata.name} has no container '${container}'${didYouMean(container, names)}; it has ${names.join(', ') || 'none that started'}`,
    );
  return names
    .filter((each) => !container || each === container)
    .slice(0, SOURCES)
    .map((each) => ({ pod, container: each, previous }));
}
