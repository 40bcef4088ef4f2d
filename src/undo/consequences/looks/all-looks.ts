import type { LookName } from '../field-rule.ts';
import { comesBack, oneWay } from '../effect.ts';
import { lookAtCopies, lookAtHistory } from './history.ts';
import { lookAtDeadline, lookAtSchedule, lookAtSuspend } from './jobs.ts';
import type { Look } from './look.ts';
import { lookAtNodeLabels, lookAtTaints } from './nodes.ts';
import { lookAtFinalizers, lookAtOwners } from './owners.ts';
import { lookAtOwnLabels, lookAtSelectors } from './pods.ts';
import { lookAtRollout, lookAtScale, lookAtStrategy } from './rollout.ts';
import { lookAtScaler } from './scaler.ts';
import { lookAtAddresses } from './services.ts';
import { lookAtBinding, lookAtReclaim, lookAtRetention } from './volumes.ts';

/** Rights and webhooks are refused or let through by the gateway's own rules of content before anything is forecast. */
const JUDGED_BY_CONTENT: Look = () => [];
/** What is placed, admitted or refused meanwhile stays so; nothing that runs goes. */
const NOTHING_GOES: Look = () => [];

const lookAtNamespaceLabels: Look = ({ ref, paths }) =>
  paths.some((path) => String(path.at(-1)).startsWith('pod-security.kubernetes.io/'))
    ? [comesBack('pods that are made meanwhile are judged by other security levels', ref)]
    : [];

const lookAtToken: Look = ({ after }) =>
  after.type === 'kubernetes.io/service-account-token'
    ? [oneWay('a service account token, once issued, cannot be taken back from who has read it')]
    : [];

const lookAtCrdVersions: Look = () => [
  oneWay('changing the versions of a CRD can drop or convert stored fields for good'),
];

/** The evaluator of each name that the table uses. */
export const ALL_LOOKS: Readonly<Record<LookName, Look>> = {
  owners: lookAtOwners,
  finalizers: lookAtFinalizers,
  rollout: lookAtRollout,
  scale: lookAtScale,
  strategy: lookAtStrategy,
  history: lookAtHistory,
  copies: lookAtCopies,
  retention: lookAtRetention,
  deadline: lookAtDeadline,
  suspend: lookAtSuspend,
  schedule: lookAtSchedule,
  scaler: lookAtScaler,
  taints: lookAtTaints,
  unschedulable: NOTHING_GOES,
  'node-labels': lookAtNodeLabels,
  'pod-labels': lookAtOwnLabels,
  selectors: lookAtSelectors,
  'namespace-labels': lookAtNamespaceLabels,
  'volume-binding': lookAtBinding,
  reclaim: lookAtReclaim,
  addresses: lookAtAddresses,
  rights: JUDGED_BY_CONTENT,
  webhooks: JUDGED_BY_CONTENT,
  token: lookAtToken,
  'crd-versions': lookAtCrdVersions,
  quota: NOTHING_GOES,
};
