/** Two faults at once in different members of one application. */
export const PAIRS: readonly (readonly [string, string])[] = [
  ['target-port-1', 'scaled-to-none'],
  ['image-unknown-tag', 'selector-extra-key'],
  ['readiness-wrong-path', 'target-port-3'],
  ['node-that-is-not', 'command-not-found'],
  ['secret-key-wrong', 'request-too-large'],
  ['config-map-deleted', 'readiness-wrong-port'],
  ['service-deleted', 'image-unknown-tag'],
  ['quota-reached-by-request', 'selector-other-value'],
  ['init-fails', 'wrong-binary'],
  ['claim-name-wrong', 'scaled-to-none'],
  ['read-only-root', 'address-wrong-name'],
  ['memory-limit-lowered', 'ingress-backend-name'],
];
