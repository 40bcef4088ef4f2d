/** Answers in the form that each source documents; what of them matters to a test is given by it. */

export const NOW = Date.parse('2031-03-04T05:06:07Z');
const iso = (ms: number) => new Date(ms).toISOString();

/** https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries */
export function vector(...series: [labels: Record<string, string>, value: string][]) {
  return {
    status: 'success',
    data: {
      resultType: 'vector',
      result: series.map(([metric, value]) => ({ metric, value: [NOW / 1000, value] })),
    },
  };
}

/** https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries */
export function matrix(...series: [labels: Record<string, string>, values: [seconds: number, value: string][]][]) {
  return {
    status: 'success',
    data: { resultType: 'matrix', result: series.map(([metric, values]) => ({ metric, values })) },
  };
}

/** https://prometheus.io/docs/prometheus/latest/querying/api/#alerts */
export function prometheusAlerts(...alerts: { name: string; state?: string; [label: string]: string | undefined }[]) {
  return {
    status: 'success',
    data: {
      alerts: alerts.map(({ name, state = 'firing', ...labels }) => ({
        labels: { alertname: name, severity: 'critical', ...labels },
        annotations: { summary: `${name} is there` },
        state,
        activeAt: '2031-03-04T05:00:00.123456789Z',
        value: '1e+00',
      })),
    },
  };
}

export interface RuleForm {
  name: string;
  /** Default: alerting. */
  type?: 'alerting' | 'recording';
  query?: string;
  duration?: number;
  keepFiringFor?: number;
  health?: string;
  lastError?: string;
  lastEvaluation?: string;
}

/** https://prometheus.io/docs/prometheus/latest/querying/api/#rules */
export function rules(...list: RuleForm[]) {
  return {
    status: 'success',
    data: {
      groups: [
        {
          name: 'shop',
          file: '/etc/prometheus/shop.yaml',
          interval: 15,
          limit: 0,
          evaluationTime: 0.001,
          lastEvaluation: iso(NOW - 5_000),
          rules: list.map((rule) => ({
            type: 'alerting',
            state: 'inactive',
            query: 'up == 0',
            duration: 0,
            keepFiringFor: 0,
            labels: {},
            annotations: {},
            alerts: [],
            health: 'ok',
            evaluationTime: 0.001,
            lastEvaluation: iso(NOW - 5_000),
            ...rule,
          })),
        },
      ],
    },
  };
}

export interface ManagerAlert {
  name: string;
  labels?: Record<string, string>;
  startsAt?: string;
  endsAt?: string;
  updatedAt?: string;
  silencedBy?: string[];
  inhibitedBy?: string[];
}

/** https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml, `gettableAlerts` */
export function managerAlerts(...alerts: ManagerAlert[]) {
  return alerts.map(({ name, labels, silencedBy = [], inhibitedBy = [], ...times }, i) => ({
    annotations: { summary: `${name} is there` },
    startsAt: iso(NOW - 60_000),
    endsAt: iso(NOW + 240_000),
    updatedAt: iso(NOW - 5_000),
    ...times,
    fingerprint: `0123456789abcde${i % 10}`,
    receivers: [{ name: 'default' }],
    status: { state: silencedBy.length + inhibitedBy.length > 0 ? 'suppressed' : 'active', silencedBy, inhibitedBy },
    generatorURL: 'http://prometheus.example.com/graph?g0.expr=up+%3D%3D+0',
    labels: { alertname: name, severity: 'critical', ...labels },
  }));
}

export interface SpanForm {
  id: string;
  parent?: string;
  trace?: string;
  service?: string;
  name?: string;
  kind?: number;
  /** Milliseconds after NOW. */
  at?: number;
  ms?: number;
  error?: boolean;
  attributes?: Record<string, string>;
}

const hex = (text: string, digits: number) => text.padStart(digits, '0');
const attributes = (map: Record<string, string>) =>
  Object.entries(map).map(([key, value]) => ({ key, value: { stringValue: value } }));

/** `resourceSpans` of OTLP: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
export function resourceSpans(...spans: SpanForm[]) {
  return spans.map((span) => {
    const start = BigInt(NOW + (span.at ?? 0)) * 1_000_000n;
    return {
      resource: { attributes: attributes({ 'service.name': span.service ?? 'front' }) },
      scopeSpans: [
        {
          scope: {},
          spans: [
            {
              traceId: hex(span.trace ?? 'a', 32),
              spanId: hex(span.id, 16),
              parentSpanId: span.parent === undefined ? '' : hex(span.parent, 16),
              name: span.name ?? 'GET /',
              kind: span.kind ?? 2,
              startTimeUnixNano: String(start),
              endTimeUnixNano: String(start + BigInt((span.ms ?? 10) * 1_000_000)),
              attributes: attributes(span.attributes ?? {}),
              status: span.error ? { code: 2 } : {},
            },
          ],
        },
      ],
    };
  });
}

/** Jaeger's API v3, `cmd/jaeger/internal/extension/jaegerquery/internal/apiv3/snapshots/FindTraces.json` */
export const jaegerV3 = (...spans: SpanForm[]) => ({ result: { resourceSpans: resourceSpans(...spans) } });

/** Jaeger's older routes, `model/json` of jaeger-idl. */
export function jaegerOlder(...spans: SpanForm[]) {
  const traces = [...new Set(spans.map(({ trace = 'a' }) => trace))];
  return {
    data: traces.map((trace) => ({
      traceID: hex(trace, 32),
      spans: spans
        .filter((span) => (span.trace ?? 'a') === trace)
        .map((span) => ({
          traceID: hex(trace, 32),
          spanID: hex(span.id, 16),
          operationName: span.name ?? 'GET /',
          references:
            span.parent === undefined
              ? []
              : [{ refType: 'CHILD_OF', traceID: hex(trace, 32), spanID: hex(span.parent, 16) }],
          startTime: (NOW + (span.at ?? 0)) * 1000,
          duration: (span.ms ?? 10) * 1000,
          tags: [
            { key: 'span.kind', type: 'string', value: span.kind === 3 ? 'client' : 'server' },
            ...(span.error ? [{ key: 'error', type: 'bool', value: true }] : []),
            ...Object.entries(span.attributes ?? {}).map(([key, value]) => ({ key, type: 'string', value })),
          ],
          logs: [],
          processID: span.service ?? 'front',
          warnings: null,
        })),
      processes: Object.fromEntries(
        spans.map(({ service = 'front' }) => [service, { serviceName: service, tags: [] }]),
      ),
      warnings: null,
    })),
    total: 0,
    limit: 0,
    offset: 0,
    errors: null,
  };
}

/** https://docs.victoriametrics.com/victorialogs/querying/#querying-field-names */
export const logFieldNames = (...names: string[]) => ({ values: names.map((value) => ({ value, hits: 7 })) });

/** https://docs.victoriametrics.com/victorialogs/querying/#querying-logs: one JSON object a line. */
export const logLines = (...lines: Record<string, string>[]) =>
  lines.map((line) => `${JSON.stringify({ _time: iso(NOW), ...line })}\n`).join('');

/** https://grafana.com/docs/loki/latest/reference/loki-http-api/#query-logs-within-a-range-of-time */
export function lokiStreams(...streams: [labels: Record<string, string>, lines: [ms: number, text: string][]][]) {
  return {
    status: 'success',
    data: {
      resultType: 'streams',
      result: streams.map(([stream, lines]) => ({
        stream,
        values: lines.map(([ms, text]) => [`${BigInt(ms) * 1_000_000n}`, text]),
      })),
      stats: {},
    },
  };
}

/** https://grafana.com/docs/tempo/latest/api_docs/#search */
export const tempoFound = (...ids: string[]) => ({
  traces: ids.map((traceID) => ({
    traceID,
    rootServiceName: 'front',
    rootTraceName: 'GET /',
    startTimeUnixNano: String(BigInt(NOW) * 1_000_000n),
    durationMs: 10,
  })),
  metrics: { inspectedTraces: 1 },
});

export interface AlarmForm {
  name: string;
  state?: string;
  actions?: boolean;
  rule?: string;
  [member: string]: unknown;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html, in AWS JSON 1.0. */
export function alarms(...list: AlarmForm[]) {
  const forms = list.map(({ name, state = 'ALARM', actions = true, ...rest }) => ({
    AlarmName: name,
    AlarmArn: `arn:aws:cloudwatch:eu-west-1:123456789012:alarm:${name}`,
    AlarmDescription: `${name} is there`,
    ActionsEnabled: actions,
    StateValue: state,
    StateReason: 'Threshold Crossed',
    StateUpdatedTimestamp: (NOW - 60_000) / 1000,
    ...rest,
  }));
  return {
    MetricAlarms: forms.filter((one) => !('AlarmRule' in one)),
    CompositeAlarms: forms.filter((one) => 'AlarmRule' in one),
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html */
export function logEvents(...events: { message: string; at?: number; stream?: string }[]) {
  return {
    events: events.map(({ message, at = 0, stream = 'node-application.log' }, i) => ({
      eventId: `${at} ${i} ${message}`,
      logStreamName: stream,
      timestamp: NOW + at,
      ingestionTime: NOW + at,
      message,
    })),
    searchedLogStreams: [],
  };
}

/** A line as Fluent Bit of Container Insights writes it. */
export const insightsLine = (log: string, pod = 'front-1', namespace = 'shop', container = 'app') =>
  JSON.stringify({
    log,
    stream: 'stdout',
    kubernetes: { pod_name: pod, namespace_name: namespace, container_name: container },
  });
