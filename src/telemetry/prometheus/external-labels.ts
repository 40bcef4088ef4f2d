import { parse } from 'yaml';
import * as z from 'zod/mini';
import { boundedLabels } from '../values/untrusted.ts';
import type { SourceClient } from '../wire/source-client.ts';
import { askPrometheus } from './prometheus-api.ts';

/** https://prometheus.io/docs/prometheus/latest/querying/api/#config */
const CONFIG = z.object({ yaml: z.string() });
/** A section, up to the next one. */
const GLOBAL = /^global:[^\n]*\n(?:[ \t-][^\n]*\n?|\n)*/m;
const ALERTING = /^alerting:[^\n]*\n(?:[ \t-][^\n]*\n?|\n)*/m;
const LONGEST = 20_000;

/**
 * Labels that a Prometheus adds to the alerts that it sends to others, without those that it may change on the way; empty where it
 * has none. Nothing else of its configuration is kept. @throws SourceProblem where it does not tell, as its kin do not
 */
export async function externalLabels(
  client: SourceClient,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const { value } = await askPrometheus(client, '/api/v1/status/config', [], CONFIG, signal);
  const [section = ''] = GLOBAL.exec(value.yaml) ?? [];
  if (section.length > LONGEST) return {};
  try {
    const read = parse(section, { maxAliasCount: 0 }) as { global?: { external_labels?: unknown } | null } | null;
    const [sending = ''] = ALERTING.exec(value.yaml) ?? [];
    const words = new Set(sending.match(/\w+/g));
    const labels = Object.entries(boundedLabels(read?.global?.external_labels));
    // A variable is not what is sent.
    return Object.fromEntries(labels.filter(([label, text]) => !words.has(label) && !text.includes('$')));
  } catch {
    // Cut out of its surroundings it may be no YAML: then it tells nothing.
    return {};
  }
}
