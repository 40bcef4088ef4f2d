import type { Clock } from '../../domain/clock.ts';
import type { Answer, LogLine, LogQuery, LogSource } from '../../domain/telemetry.ts';
import type { KubeApi } from '../../gateway/wire/kube-api.ts';
import { oneLine } from '../../text/plain-text.ts';

const MOST_BYTES = 1 << 20;
const LIMIT_MS = 10_000;
const LINE_CHARS = 1_000;
const STAMPED = /^(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) ?(.*)$/;

/**
 * Logs that kubelets keep, as `kubectl logs --timestamps` reads them: of containers that are there, as far back as their files
 * go. Of several pods nothing can be asked at once.
 */
export class KubeLogs implements LogSource {
  readonly name = 'kubectl logs';
  readonly lagMs = 1_000;
  readonly #api: Pick<KubeApi, 'raw'>;
  readonly #clock: Clock;

  constructor(api: Pick<KubeApi, 'raw'>, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  /** Absent without pod and container. */
  async search(query: LogQuery, signal: AbortSignal): Promise<Answer<LogLine[]>> {
    const { namespace, pod, container, text, from, to, limit } = query;
    if (!pod || !container) return { state: 'absent', reason: `${this.name} reads one container at a time` };
    const asked = new URLSearchParams({
      container,
      timestamps: 'true',
      sinceTime: new Date(from).toISOString(),
      tailLines: String(limit + 1),
      limitBytes: String(MOST_BYTES),
    });
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log?${asked}`;
    const both = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
    const { status, text: body } = await this.#api.raw(path, both, MOST_BYTES);
    // A container that has not started has written nothing; a pod that is gone has no log any more.
    if (status === 400 || status === 404) return { state: 'ok', value: [], asOf: this.#clock.now() };
    if (status !== 200)
      return { state: 'unknown', reason: `the log of ${pod} could not be read: the API server answers ${status}` };
    const wanted = text?.toLowerCase();
    const lines = body
      .split('\n')
      .flatMap((line) => stamped(line))
      .filter((line) => line.at >= from && line.at <= to)
      .filter((line) => wanted === undefined || line.text.toLowerCase().includes(wanted))
      .map((line): LogLine => ({ ...line, pod, container }));
    const isFull = Buffer.byteLength(body) >= MOST_BYTES;
    const cut = isFull ? 'only the first MiB of it' : lines.length > limit ? `only the newest ${limit} lines` : null;
    return { state: 'ok', value: lines.slice(-limit), asOf: this.#clock.now(), ...(cut ? { cut } : {}) };
  }

  link(): null {
    return null;
  }
}

/** Nothing for what has no time: a line that was cut off. */
function stamped(line: string): Pick<LogLine, 'at' | 'text'>[] {
  const match = STAMPED.exec(line);
  const at = match ? Date.parse(match[1]!) : Number.NaN;
  return Number.isFinite(at) ? [{ at, text: oneLine(match![2], LINE_CHARS) }] : [];
}
