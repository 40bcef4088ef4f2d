import * as z from 'zod';
import type { ObjectRef } from '../../../domain/kube-object.ts';
import { LEVEL_TEXT, saidWords, suspectWords } from '../../../domain/signal-words.ts';
import type { LogsSeen, LogTemplateSeen, Waterfall } from '../../../domain/signals-now.ts';
import { durationText } from '../../../text/amount.ts';
import { presentable } from '../../../text/redact.ts';
import { agoText, factAbout } from '../evidence/facts.ts';
import { Answer, LONGEST_ANSWER } from './answer.ts';
import { NAME, NAMESPACE, plainName } from './subject.ts';
import type { Tool } from './tool.ts';

const NOT_THERE = 'Not available: no such telemetry is connected. Events, logs and health_report tell what there is.';
const CALLS = 20;
const UNKNOWN = 5;

const METRICS = z.object({
  name: NAME.describe('Workload, Service or node.'),
  namespace: NAMESPACE,
  metric: z.enum(['cpu', 'memory', 'requests', 'errors', 'latency', 'restarts']),
  minutes: z.int().min(1).max(1_440).optional().describe('Default: 30.'),
});

export const getMetrics: Tool<z.infer<typeof METRICS>> = {
  name: 'get_metrics',
  description: 'A summary in words of one metric over the last minutes, where a monitoring system is connected.',
  schema: METRICS,
  async run({ name, namespace, metric, minutes = 30 }, { metrics, target, signal, signals, evidence }) {
    if (metrics) {
      const text = await metrics({ name, namespace: namespace || target.namespace, metric, minutes }, signal);
      return presentable(text, LONGEST_ANSWER);
    }
    if (!signals) return NOT_THERE;
    const { reading, notes } = signals;
    const answer = new Answer(evidence);
    const told = reading.signals.filter(({ object, others }) => isNamed(name, object, ...others));
    if (told.length === 0)
      answer.say(`Metrics tell of nothing unusual about ${plainName(name)}, as far as they are judged.`);
    answer.show(
      told.map(({ level, object, message }) => factAbout('metric', object, `${LEVEL_TEXT[level]}: ${message}`)),
      true,
    );
    const own = reading.unjudged.filter(({ object }) => object === null || isNamed(name, object));
    return withUnknown(answer, [...own.map(({ reason }) => reason), ...notes]).text('ask about one workload');
  },
};

const TRACES = z.object({
  service: NAME.describe('Name of the Service.'),
  namespace: NAMESPACE,
  minutes: z.int().min(1).max(1_440).optional().describe('Default: 15.'),
});

export const getTraces: Tool<z.infer<typeof TRACES>> = {
  name: 'get_traces',
  description: 'Failed and slow requests through a Service and where they broke, where tracing is connected.',
  schema: TRACES,
  async run({ service, namespace, minutes = 15 }, { traces, target, signal, signals, evidence }) {
    if (traces) {
      const text = await traces({ service, namespace: namespace || target.namespace, minutes }, signal);
      return presentable(text, LONGEST_ANSWER);
    }
    if (!signals) return NOT_THERE;
    const { suspects, waterfall, notes } = signals;
    const answer = new Answer(evidence);
    if (suspects.suspects.length === 0) answer.say('Traces name nobody in whom the trouble begins.');
    answer.show(
      suspects.suspects.map(({ node, pod, message, ...sure }) =>
        factAbout(
          'trace',
          pod ?? node.object,
          `the trouble may begin in ${node.name}: ${message} (${suspectWords(sure)})`,
        ),
      ),
      true,
    );
    for (const line of waterfall ? callLines(waterfall) : []) answer.say(line);
    return withUnknown(answer, [...(suspects.unknown ? [suspects.unknown] : []), ...notes]).text(
      'nothing narrower is kept',
    );
  },
};

const LOG_CHANGES = z.object({ name: NAME.optional().describe('Workload whose logs are meant; default: all.') });

export const logChanges: Tool<z.infer<typeof LOG_CHANGES>> = {
  name: 'log_changes',
  description: 'What logs say since the trouble began and did not say before, as templates with counts.',
  schema: LOG_CHANGES,
  async run({ name }, { signals, evidence }) {
    if (!signals) return NOT_THERE;
    const { logs, notes, at } = signals;
    const answer = new Answer(evidence);
    if (!logs) {
      answer.say('No logs were compared: nothing tells since when something is wrong, or none could be read.');
      return withUnknown(answer, notes).text('ask get_logs');
    }
    const told = logs.templates.filter(({ object }) => name === undefined || isNamed(name, object));
    answer.say(`${logs.source}, since ${agoText(at - logs.from)} ago`);
    if (told.length === 0) answer.say('Nothing new, and nothing of trouble.');
    answer.show(
      told.map((seen) => factAbout('log', seen.object, templateText(seen, logs, at))),
      true,
    );
    if (logs.more > 0) answer.say(`${logs.more} more kinds of lines are not kept`);
    return withUnknown(answer, [...(logs.unknown ? [logs.unknown] : []), ...notes]).text('ask about one workload');
  },
};

export const kernelEvents: Tool<Record<string, never>> = {
  name: 'kernel_events',
  description: 'What kernels of the nodes count above what is usual: kills for memory, resent TCP segments, drops.',
  schema: z.object({}),
  async run(_args, { signals, evidence }) {
    if (!signals) return NOT_THERE;
    const { kernel = [], notes } = signals;
    const answer = new Answer(evidence);
    if (kernel.length === 0) answer.say('Nothing above what is usual, as far as kernels are read.');
    answer.show(
      kernel.map(({ object, message }) => factAbout('metric', object, message)),
      true,
    );
    return withUnknown(answer, notes).text('nothing narrower is kept');
  },
};

/** Those that answer from what telemetry shows. */
export const OF_TELEMETRY: readonly string[] = [getMetrics, getTraces, logChanges, kernelEvents].map(
  ({ name }) => name,
);

function templateText(seen: LogTemplateSeen, logs: LogsSeen, now: number): string {
  const mark = seen.isNew ? 'new: ' : seen.isTrouble ? 'trouble: ' : '';
  return `${mark}${seen.text} (${saidWords(seen, logs)}; last ${agoText(now - seen.last)} ago)`;
}

function callLines({ trace, durationMs, rows, cut }: Waterfall): string[] {
  const left = Math.max(0, rows.length - CALLS) + cut;
  return [
    `trace ${trace}, ${durationText(durationMs)}`,
    ...rows
      .slice(0, CALLS)
      .map(
        ({ depth, service, operation, durationMs: ms, isError }) =>
          `${'- '.repeat(Math.min(depth, 10) + 1)}${service} ${operation} ${durationText(ms)}${isError ? ' error' : ''}`,
      ),
    ...(left > 0 ? [`${left} more calls`] : []),
  ];
}

/** What could not be judged or asked is no sign of health. */
function withUnknown(answer: Answer, reasons: readonly string[]): Answer {
  for (const reason of [...new Set(reasons)].slice(0, UNKNOWN)) answer.say(`not known: ${reason}`);
  return answer;
}

/** By its name, a pod also by that of its workload. */
function isNamed(name: string, ...refs: (ObjectRef | null)[]): boolean {
  const plain = plainName(name);
  return refs.some(
    (ref) => ref !== null && (ref.name === plain || (ref.kind === 'Pod' && ref.name.startsWith(`${plain}-`))),
  );
}
