import type { KubeObject } from '../../domain/kube-object.ts';
import type { Answer, LogLine, LogSource } from '../../domain/telemetry.ts';
import { listOf } from '../../kube/untyped-list.ts';

/** Lines of a namespace, and of one container, on either side. */
export const NAMESPACE_LINES = 1_500;
const CONTAINER_LINES = 1_000;

/** Lines before and since, with why they may not be all. */
export interface Lines {
  before: LogLine[];
  after: LogLine[];
  isCut: boolean;
}

/** Where the time since begins, and the one before it. */
export interface LogSpan {
  beforeFrom: number;
  from: number;
  to: number;
}

/** @returns why not, empty where it has no line at all */
export async function linesOfNamespaces(
  source: LogSource,
  troubled: readonly KubeObject[],
  namespaces: readonly string[],
  { beforeFrom, from, to }: LogSpan,
  signal: AbortSignal,
): Promise<Lines | string> {
  const lines: Lines = { before: [], after: [], isCut: false };
  for (const namespace of namespaces) {
    const ask = (begin: number, end: number) =>
      source.search({ namespace, from: begin, to: end, limit: NAMESPACE_LINES }, signal);
    const [before, after] = await Promise.all([ask(beforeFrom, from), ask(from, to)]);
    if (before.state !== 'ok') return before.reason;
    if (after.state !== 'ok') return after.reason;
    lines.before.push(...before.value);
    lines.isCut ||= before.cut !== undefined;
    const own = troubled.filter(({ metadata }) => metadata.namespace === namespace);
    lines.after.push(
      ...(after.cut === undefined ? after.value : await withPods(source, after.value, own, from, to, signal)),
    );
  }
  return lines.before.length + lines.after.length === 0 ? '' : lines;
}

/** Where the newest lines of a namespace are not all, those of pods in trouble are asked for by themselves. */
async function withPods(
  source: LogSource,
  lines: readonly LogLine[],
  pods: readonly KubeObject[],
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<LogLine[]> {
  const own = await Promise.all(
    pods.map(async ({ metadata }) => {
      const { namespace = '', name: pod } = metadata;
      const answer = await source.search({ namespace, pod, from, to, limit: CONTAINER_LINES }, signal);
      return answer.state === 'ok' ? { pod, lines: answer.value } : null;
    }),
  );
  const read = own.filter((one) => one !== null && one.lines.length > 0).map((one) => one!);
  const names = new Set(read.map(({ pod }) => pod));
  return [...lines.filter(({ pod }) => !names.has(pod ?? '')), ...read.flatMap((one) => one.lines)];
}

/** @returns why not, empty where nothing could be asked for */
export async function linesOfPods(
  kubelets: LogSource,
  pods: readonly KubeObject[],
  { beforeFrom, from, to }: LogSpan,
  signal: AbortSignal,
): Promise<Lines | string> {
  const containers = pods.flatMap(({ metadata, spec }) =>
    listOf(spec?.containers).map((container) => ({
      namespace: metadata.namespace ?? '',
      pod: metadata.name,
      container: String(container?.name),
    })),
  );
  const answers = await Promise.all(
    containers.map((one) => kubelets.search({ ...one, from: beforeFrom, to, limit: CONTAINER_LINES }, signal)),
  );
  const read = answers.flatMap((answer) => (answer.state === 'ok' ? [answer] : []));
  if (read.length === 0) return answers.map(reasonOf).find((reason) => reason !== '') ?? '';
  const all = read.flatMap(({ value }) => value);
  return {
    before: all.filter(({ at }) => at < from),
    after: all.filter(({ at }) => at >= from),
    isCut: read.length < answers.length || read.some(({ cut }) => cut !== undefined),
  };
}

function reasonOf(answer: Answer<unknown>): string {
  return answer.state === 'ok' ? '' : answer.reason;
}
