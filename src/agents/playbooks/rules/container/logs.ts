import type { Evidence } from '../../../../domain/finding.ts';
import type { EvidenceReads } from '../../../../domain/brain.ts';
import { evidence } from '../../engine/analyzer.ts';
import type { PodContainer } from '../../../../kube/container-trouble.ts';
import { untrustedLine } from '../../../../text/redact.ts';

const LOG_LINES_SHOWN = 4;
const TELLING =
  /error|fatal|panic|exception|fail|refused|denied|cannot|can't|unable|no such|not found|timeout|invalid|unknown|usage|read-only|must /i;

/** The kubelet's answer for a container that it has already removed. */
const GONE = /^unable to retrieve container logs for /;

/**
 * What a container said, last run first where `previous`. A log that cannot be read is missing evidence, not a reason to
 * give up the diagnosis.
 */
export async function logLines(
  readLog: EvidenceReads['readLog'],
  { pod, status }: Pick<PodContainer, 'pod' | 'status'>,
  previous: boolean,
): Promise<string[]> {
  const { namespace = '', name } = pod.metadata;
  const read = async (before: boolean): Promise<string[]> => {
    const lines = await readLog(namespace, name, String(status.name), before).catch(() => []);
    return lines.filter((line) => line.trim() !== '' && !GONE.test(line));
  };
  const lines = await read(previous);
  return lines.length === 0 && previous ? read(false) : lines;
}

/** Lines that tell of an error, else the very last ones. */
export function lastWords(lines: string[], { pod, status }: Pick<PodContainer, 'pod' | 'status'>): Evidence[] {
  const telling = lines.filter((line) => TELLING.test(line));
  const shown = (telling.length > 0 ? telling : lines).slice(-LOG_LINES_SHOWN);
  return shown.map((line) => evidence('log', pod, `log of container ${status.name}`, untrustedLine(line)));
}
