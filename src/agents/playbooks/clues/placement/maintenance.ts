import type { Evidence } from '../../../../domain/finding.ts';
import type { KubeObject } from '../../../../domain/kube-object.ts';
import { untrustedLine } from '../../../../text/redact.ts';
import { evidence } from '../../engine/analyzer.ts';

/** In keys of annotations and taints by which people and tools that restart or upgrade nodes mark their work. */
const WORK = /maintenance|drain|reboot|upgrade|kured|disrupt/i;

/** Annotations of a node that speak of work on it. */
export function maintenanceMarks(node: KubeObject): Evidence[] {
  return Object.entries(node.metadata.annotations ?? {})
    .filter(([key]) => speaksOfWork(key))
    .map(([key, value]) =>
      evidence('spec', node, `metadata.annotations["${key}"]`, untrustedLine(`annotation ${key}=${value}`, 160)),
    );
}

/** @param key of an annotation or a taint */
export function speaksOfWork(key: string): boolean {
  return WORK.test(key);
}
