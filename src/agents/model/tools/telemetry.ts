import * as z from 'zod';
import { presentable } from '../../../text/redact.ts';
import { LONGEST_ANSWER } from './answer.ts';
import { NAME, NAMESPACE } from './subject.ts';
import type { Tool } from './tool.ts';

const NOT_THERE = 'Not available: no such telemetry is connected. Events, logs and health_report tell what there is.';

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
  async run({ name, namespace, metric, minutes = 30 }, { metrics, target, signal }) {
    if (!metrics) return NOT_THERE;
    const text = await metrics({ name, namespace: namespace || target.namespace, metric, minutes }, signal);
    return presentable(text, LONGEST_ANSWER);
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
  async run({ service, namespace, minutes = 15 }, { traces, target, signal }) {
    if (!traces) return NOT_THERE;
    const text = await traces({ service, namespace: namespace || target.namespace, minutes }, signal);
    return presentable(text, LONGEST_ANSWER);
  },
};
