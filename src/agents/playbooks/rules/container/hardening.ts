import type { FixDraft } from '../../engine/analyzer.ts';
import type { PodTemplate, Untyped } from '../../../../kube/pod-template.ts';

/** Values of a securityContext, now and after: true where the change takes a restriction away. */
const LOOSER: Record<string, (now: unknown, after: unknown) => boolean> = {
  privileged: (now, after) => after === true && now !== true,
  allowPrivilegeEscalation: (now, after) => now === false && after !== false,
  readOnlyRootFilesystem: (now, after) => now === true && after !== true,
  runAsNonRoot: (now, after) => now === true && after !== true,
  runAsUser: (now, after) => now !== 0 && now !== undefined && (after === 0 || after === undefined),
};

/** False for a patch after which the template restricts its containers less than it does now. */
export function keepsHardening(template: PodTemplate, { changes }: FixDraft): boolean {
  return changes.every((change) => {
    if (change.type !== 'json-patch') return true;
    return change.ops.every((op) => {
      if (op.op === 'test' || !op.path.includes('/securityContext')) return true;
      const below = op.path
        .slice(op.path.indexOf('/securityContext') + '/securityContext'.length)
        .split('/')
        .slice(1);
      const now = valueAt(template, op.path);
      const after: unknown = op.op === 'remove' ? undefined : op.value;
      if (below.length > 0) return !LOOSER[below[0]!]?.(now, after);
      const [before, then] = [now, after].map((each) => (each ?? {}) as Record<string, unknown>);
      return Object.entries(LOOSER).every(([field, isLooser]) => !isLooser(before![field], then![field]));
    });
  });
}

function valueAt({ pointer, spec }: PodTemplate, path: string): unknown {
  return path
    .slice(pointer.length)
    .split('/')
    .slice(1)
    .reduce((at: Untyped, step) => at?.[step.replaceAll('~1', '/').replaceAll('~0', '~')], spec);
}
