import type { KindTable } from '../field-rule.ts';
import { MADE_MEANWHILE, fields, immutable, itself, oneWay, reversible, under } from '../rows.ts';

const HELD = 'its holder writes it every few seconds: the former value is stale at once';

/** Scheduling, runtime classes and leases. */
export const SCHEDULING: KindTable = {
  // plugin/pkg/admission/priority
  'scheduling.k8s.io/PriorityClass': fields(
    immutable('value', 'preemptionPolicy'),
    reversible('description'),
    itself(MADE_MEANWHILE, 'globalDefault'),
  ),

  // pkg/apis/scheduling/types.go: every field is immutable, some only where their feature is on.
  'scheduling.k8s.io/PodGroup': fields(immutable('spec.**')),
  'scheduling.k8s.io/Workload': fields(immutable('spec.**')),

  // plugin/pkg/admission/runtimeclass
  'node.k8s.io/RuntimeClass': fields(
    immutable('handler'),
    itself(
      MADE_MEANWHILE,
      ...['overhead.podFixed.*', 'scheduling.nodeSelector.*'],
      ...under('scheduling.tolerations.*', 'key', 'operator', 'value', 'effect', 'tolerationSeconds'),
    ),
  ),

  // Who leads, who lives: a stale value makes a node count as dead or a second leader start.
  'coordination.k8s.io/Lease': fields(oneWay(HELD, 'spec.**')),
  'coordination.k8s.io/LeaseCandidate': fields(oneWay(HELD, 'spec.**')),

  'events.k8s.io/Event': fields(
    oneWay(
      'an Event is a record of what was seen, and expires',
      ...['action', 'eventTime', 'note', 'reason', 'type', 'reportingController', 'reportingInstance'],
      ...['deprecatedCount', 'deprecatedFirstTimestamp', 'deprecatedLastTimestamp', 'deprecatedSource.**'],
      ...['regarding.**', 'related.**', 'series.**'],
    ),
  ),
};
