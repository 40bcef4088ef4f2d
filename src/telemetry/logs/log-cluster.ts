import { oneLine } from '../../text/plain-text.ts';
import { CLUSTER_LABELS } from '../clusters/cluster-labels.ts';
import type { ClusterSetting } from '../settings/cluster-setting.ts';
import { SourceProblem } from '../wire/source-problem.ts';

/** A field and the value that lines of the target's cluster have in it. */
export interface ClusterField {
  field: string;
  value: string;
}

/** As collectors name it: OpenTelemetry, Fluent Bit. */
const OF_COLLECTORS: readonly string[] = [
  'k8s.cluster.name',
  'k8s_cluster_name',
  'kubernetes.cluster',
  'kubernetes.cluster_name',
  'kubernetes_cluster',
];
const NAMED = 5;

/** Fields of which some may be what programs wrote: these may mean anything by `cluster`. */
export function fieldsOfCollectors(there: readonly string[], setting: ClusterSetting | undefined): string[] {
  const chosen = setting && !setting.all ? setting.label : undefined;
  return there.filter((name) => OF_COLLECTORS.includes(name) || name === chosen);
}

/**
 * By what lines of the target's cluster are told from those of others; null where nothing tells of several.
 * @param there names of the fields that the source has. @param valuesOf one of them
 * @throws SourceProblem where there are several and it is not known which is ours
 */
export async function clusterField(
  there: readonly string[],
  setting: ClusterSetting | undefined,
  valuesOf: (field: string) => Promise<readonly string[]>,
): Promise<ClusterField | null> {
  if (setting?.all) return null;
  const names = new Set(there);
  if (setting?.value !== undefined && names.has(setting.label)) return { field: setting.label, value: setting.value };
  for (const field of [...(setting ? [setting.label] : []), ...OF_COLLECTORS, ...CLUSTER_LABELS]) {
    if (!names.has(field)) continue;
    const values = [...new Set(await valuesOf(field))].filter((value) => value !== '').sort();
    if (values.length < 2) continue;
    const told = values.slice(0, NAMED).map((value) => oneLine(value, 60));
    throw new SourceProblem(
      'not-understood',
      `holds logs of several clusters (${field}: ${told.join(', ')}${values.length > NAMED ? ' and more' : ''}), and which is this one is not known: give --telemetry-cluster LABEL=VALUE`,
    );
  }
  return null;
}
