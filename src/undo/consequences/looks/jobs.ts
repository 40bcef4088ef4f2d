import type { KubeObject } from '../../../domain/kube-object.ts';
import type { Effect } from '../effect.ts';
import { comesBack, isLost, staysBehind } from '../effect.ts';
import { hasCondition } from './history.ts';
import type { Look } from './look.ts';

/** A limit lowered ends a job for good, or deletes it once it has ended (job and ttl-after-finished controllers). */
export const lookAtDeadline: Look = ({ ref, before, after }) => {
  const ended = hasCondition(before, 'Complete') || hasCondition(before, 'Failed');
  const effects: Effect[] = [];
  const lowered = (field: string) => isLowered(before, after, field);
  if (lowered('ttlSecondsAfterFinished')) {
    const when = ended ? 'it has ended already' : 'once it has ended';
    effects.push(
      isLost(`the job is deleted with its pods ${after.spec?.ttlSecondsAfterFinished} s after its end (${when})`, ref),
    );
    effects.push(isLost('its pods go with it', ref, ['Pod']));
  }
  if (ended) return effects;
  for (const field of [
    'activeDeadlineSeconds',
    'backoffLimit',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
    'progressDeadlineSeconds',
  ])
    if (lowered(field))
      effects.push(
        isLost(`the job fails for good when ${field} ${after.spec?.[field]} is reached`, ref),
        isLost('its pods are killed when it fails', ref, ['Pod']),
      );
  return effects;
};

function isLowered(before: KubeObject, after: KubeObject, field: string): boolean {
  const [from, to] = [before.spec?.[field], after.spec?.[field]];
  return to !== undefined && (from === undefined || Number(to) < Number(from));
}

export const lookAtSuspend: Look = ({ ref, after }) => {
  if (ref.kind === 'CronJob') return [staysBehind('runs started or missed meanwhile stay so', ref, ['Job', 'Pod'])];
  const stops = after.spec?.suspend === true;
  return [
    ...(stops ? [] : [staysBehind('what it does until it is suspended again stays done; it may come to its end', ref)]),
    comesBack(
      stops ? 'its pods are stopped, and started anew by the undo' : 'its pods are started, and stopped by the undo',
      ref,
      ['Pod'],
    ),
  ];
};

export const lookAtSchedule: Look = ({ ref }) => [
  staysBehind('runs started or missed meanwhile stay so', ref, ['Job', 'Pod']),
];
