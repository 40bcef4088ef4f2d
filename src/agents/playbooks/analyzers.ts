import type { Analyzer } from './engine/analyzer.ts';
import { nodeConditionRule } from './rules/scheduling/node-condition.ts';
import { claimStorageClassRule } from './rules/storage/claim-storage-class.ts';
import { missingClaimRule } from './rules/storage/missing-claim.ts';
import { malformedValueRule } from './rules/config/malformed-value.ts';
import { missingConfigRule } from './rules/config/missing-config.ts';
import { changedSettingRule } from './rules/container/changed-setting.ts';
import { staleConfigRule } from './rules/config/stale-config.ts';
import { clusterDnsRule } from './rules/network/cluster-dns.ts';
import { networkPolicyRule } from './rules/network/network-policy.ts';
import { ingressClassRule } from './rules/network/ingress-class.ts';
import { localTrafficRule } from './rules/network/local-traffic.ts';
import { foreignServiceRule } from './rules/network/foreign-service.ts';
import { servicePortRule } from './rules/network/service-port.ts';
import { driftedRouteRule } from './rules/network/drifted-route.ts';
import { gatewayRouteRule } from './rules/network/gateway-route.ts';
import { headlessPeersRule } from './rules/network/headless-peers.ts';
import { podDnsRule } from './rules/network/pod-dns.ts';
import { shadowedVariableRule } from './rules/config/shadowed-variable.ts';
import { unexpandedVariableRule } from './rules/config/unexpanded-variable.ts';
import { missingServiceRule } from './rules/network/missing-service.ts';
import { cordonedNodeRule } from './rules/scheduling/cordoned-node.ts';
import { hostAliasRule } from './rules/network/host-alias.ts';
import { hostPortTakenRule } from './rules/scheduling/host-port-taken.ts';
import { podNeighboursRule } from './rules/scheduling/pod-neighbours.ts';
import { unmatchedClaimRule } from './rules/storage/unmatched-claim.ts';
import { volumeHeldRule } from './rules/storage/volume-held.ts';
import { volumeReachRule } from './rules/scheduling/volume-reach.ts';
import { daemonSetNowhereRule } from './rules/scheduling/daemon-set-nowhere.ts';
import { preemptedPodsRule } from './rules/scheduling/preempted-pods.ts';
import { unplaceableRequestsRule } from './rules/scheduling/unplaceable-requests.ts';
import { untoleratedTaintRule } from './rules/scheduling/untolerated-taint.ts';
import { admissionDeniedRule } from './rules/admission/admission-denied.ts';
import { admissionWebhookRule } from './rules/admission/admission-webhook.ts';
import { limitRangeRule } from './rules/admission/limit-range.ts';
import { missingPodReferenceRule } from './rules/admission/missing-pod-reference.ts';
import { podCreationRefusedRule } from './rules/admission/pod-creation-refused.ts';
import { podSecurityRule } from './rules/admission/pod-security.ts';
import { quotaDemandsRule } from './rules/admission/quota-demands.ts';
import { quotaExceededRule } from './rules/admission/quota-exceeded.ts';
import { nodePlacementRule } from './rules/scheduling/node-placement.ts';
import { imagePullRule } from './rules/image/image-pull.ts';
import { scaledToZeroRule } from './rules/scale/workload-scaled-to-zero.ts';
import { serviceSelectorRule } from './rules/network/service-selector.ts';
import { serviceTargetPortRule } from './rules/network/service-target-port.ts';
import { ingressBackendRule } from './rules/network/ingress-backend.ts';
import { apiAccessDeniedRule } from './rules/rights/api-access-denied.ts';
import { autoscalerTargetRule } from './rules/scale/autoscaler-target.ts';
import { rivalAutoscalersRule } from './rules/scale/rival-autoscalers.ts';
import { autoscalerRangeRule } from './rules/scale/autoscaler-range.ts';
import { jobHeldRule } from './rules/batch/job-held.ts';
import { cronJobScheduleRule } from './rules/batch/cron-job-schedule.ts';
import { disruptionBudgetRoomRule } from './rules/scale/disruption-budget-room.ts';
import { slowStopRule } from './rules/lifecycle/slow-stop.ts';
import { stuckDeletionRule } from './rules/lifecycle/stuck-deletion.ts';
import { webhookCertificateRule } from './rules/lifecycle/webhook-certificate.ts';
import { podHeldRule } from './rules/lifecycle/pod-held.ts';
import { rolloutHeldRule } from './rules/lifecycle/rollout-held.ts';
import { containerCrashRule, initHangsRule, podUnreadyRule } from './rules/container/container-failure.ts';
import { mountedProgramRule } from './rules/container/mounted-program.ts';
import { containerStartRule } from './rules/container/container-start.ts';
import { jobFailedRule } from './rules/container/job-failed.ts';
import { memoryLimitRule } from './rules/container/memory-limit.ts';
import { readOnlyRootRule } from './rules/container/read-only-root.ts';
import { filePermissionRule } from './rules/container/file-permission.ts';
import { probeTargetRule } from './rules/container/probe-target.ts';
import { probeTimeoutRule } from './rules/container/probe-timeout.ts';
import { slowStartRule } from './rules/container/slow-start.ts';
import { refusedCredentialRule } from './rules/rights/credential-refused.ts';
import { storeAccessRule } from './rules/rights/store-access-refused.ts';
import { accountTokenRule } from './rules/rights/account-token.ts';
import { degradedAfterChangeRule } from './rules/telemetry/degraded-after-change.ts';
import { autoscalerAtMaximumRule } from './rules/telemetry/autoscaler-at-maximum.ts';
import { certificateExpiringRule } from './rules/telemetry/certificate-expiring.ts';
import { diskFillingRule } from './rules/telemetry/disk-filling.ts';
import { memoryLeakRule } from './rules/telemetry/memory-leak.ts';
import { memoryNearLimitRule } from './rules/container/memory-near-limit.ts';
import { oneBadReplicaRule } from './rules/telemetry/one-bad-replica.ts';
import { quotaHeadroomRule } from './rules/scale/quota-headroom.ts';

/** Every rule, deepest cause first. */
export const ANALYZERS: readonly Analyzer[] = [
  nodeConditionRule,
  cordonedNodeRule,
  webhookCertificateRule,
  slowStopRule,
  stuckDeletionRule,
  clusterDnsRule,
  claimStorageClassRule,
  unmatchedClaimRule,
  missingClaimRule,
  volumeHeldRule,
  missingConfigRule,
  changedSettingRule,
  staleConfigRule,
  missingServiceRule,
  servicePortRule,
  admissionWebhookRule,
  quotaDemandsRule,
  quotaExceededRule,
  limitRangeRule,
  podSecurityRule,
  missingPodReferenceRule,
  admissionDeniedRule,
  podCreationRefusedRule,
  disruptionBudgetRoomRule,
  quotaHeadroomRule,
  apiAccessDeniedRule,
  accountTokenRule,
  storeAccessRule,
  refusedCredentialRule,
  preemptedPodsRule,
  podDnsRule,
  hostAliasRule,
  shadowedVariableRule,
  unexpandedVariableRule,
  malformedValueRule,
  nodePlacementRule,
  unplaceableRequestsRule,
  untoleratedTaintRule,
  hostPortTakenRule,
  podNeighboursRule,
  volumeReachRule,
  daemonSetNowhereRule,
  imagePullRule,
  rolloutHeldRule,
  podHeldRule,
  mountedProgramRule,
  containerStartRule,
  memoryLimitRule,
  readOnlyRootRule,
  filePermissionRule,
  probeTargetRule,
  probeTimeoutRule,
  slowStartRule,
  scaledToZeroRule,
  foreignServiceRule,
  cronJobScheduleRule,
  jobHeldRule,
  rivalAutoscalersRule,
  autoscalerRangeRule,
  autoscalerTargetRule,
  networkPolicyRule,
  localTrafficRule,
  serviceSelectorRule,
  serviceTargetPortRule,
  headlessPeersRule,
  ingressBackendRule,
  ingressClassRule,
  gatewayRouteRule,
  driftedRouteRule,
  degradedAfterChangeRule,
  memoryNearLimitRule,
  memoryLeakRule,
  oneBadReplicaRule,
  autoscalerAtMaximumRule,
  diskFillingRule,
  certificateExpiringRule,
  containerCrashRule,
  initHangsRule,
  podUnreadyRule,
  jobFailedRule,
];

/** Kinds that rules look at. */
export const RULE_KINDS: readonly string[] = [...new Set(ANALYZERS.flatMap(({ kinds }) => kinds))];
