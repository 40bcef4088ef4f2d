import { TestbedError } from '../testbed-error.ts';

/**
 * What a path of Prometheus' API (https://prometheus.io/docs/prometheus/latest/querying/api/) answers as its data. Throws
 * a TestbedError with its words when it refuses.
 */
export async function askPrometheus(
  url: string,
  path: string,
  words: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const asked = `${url}/api/v1/${path}?${new URLSearchParams(words).toString()}`;
  const answer = (await (await fetch(asked, { signal: AbortSignal.timeout(30_000) })).json()) as Answer;
  if (answer.status !== 'success') throw new TestbedError(`Prometheus answers ${path} with: ${answer.error}`);
  return answer.data;
}

interface Answer {
  status: string;
  data: unknown;
  error?: string;
}

export interface Measured {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a PromQL query that gives a vector gives now. */
export async function measure(url: string, query: string): Promise<Measured[]> {
  const { result } = (await askPrometheus(url, 'query', { query })) as {
    result: { metric: Record<string, string>; value: [number, string] }[];
  };
  return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}
