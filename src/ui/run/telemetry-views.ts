import { refLabel } from '../../domain/kube-object.ts';
import { LEVEL_TEXT, suspectWords } from '../../domain/signal-words.ts';
import type { Waterfall } from '../../domain/signals-now.ts';
import { durationText } from '../../text/amount.ts';
import { presentable } from '../../text/redact.ts';
import type { TelemetryView, TraceView } from '../../../webview/protocol/telemetry-view.ts';
import { chartView } from './chart-view.ts';
import { logsView, togetherView } from './evidence-views.ts';
import { sourceHost } from './source-link.ts';
import type { TelemetryFold } from './telemetry-fold.ts';

const FULL = 1_000;

/** What telemetry showed, for the page; null where none was read. */
export function telemetryView({ shown, writes }: TelemetryFold): TelemetryView | null {
  if (!shown) return null;
  const { at, signals, suspects, waterfall, incidents = [], logs, kernel = [], unknown } = shown;
  return {
    at,
    signals: signals.map(({ level, object, message, since, chart, link }) => ({
      level,
      standing: LEVEL_TEXT[level],
      object: object ? refLabel(object) : '',
      message: presentable(message, 500),
      since,
      source: sourceHost(link),
      chart: chart && chartView(chart, writes),
    })),
    suspects: suspects.map(({ node, pod, message, score, confidence }) => ({
      object: node.object ? refLabel(node.object) : presentable(node.name, 200),
      pod: pod ? refLabel(pod) : '',
      message: presentable(message, 500),
      sure: suspectWords({ score, confidence }),
    })),
    trace: waterfall && traceView(waterfall),
    together: incidents.map(togetherView),
    logs: logs ? logsView(logs) : null,
    kernel: kernel.map(({ message }) => presentable(message, 500)),
    unknown: unknown.map((reason) => presentable(reason, 500)),
  };
}

function traceView({ trace, link, durationMs, rows, cut }: Waterfall): TraceView {
  const part = (ms: number) => Math.round(Math.min(1, Math.max(0, durationMs > 0 ? ms / durationMs : 0)) * FULL);
  return {
    id: presentable(trace, 80),
    duration: durationText(durationMs),
    source: sourceHost(link),
    cut,
    rows: rows.map(({ service, operation, depth, startMs, durationMs: length, isError }) => ({
      service: presentable(service, 80),
      operation: presentable(operation, 120),
      depth,
      from: part(startMs),
      length: part(length),
      duration: durationText(length),
      error: isError,
    })),
  };
}
