/**
 * How the admission plugins of the API server word their refusals (kubernetes/kubernetes: plugin/pkg/admission,
 * staging/src/k8s.io/apiserver/pkg/admission). Each is one rule's; a text that matches none is told as it is.
 */
export const REFUSAL_TEXTS = {
  quotaDemands: /failed quota: ([^\s:]+): must specify (.+)/,
  quotaExceeded: /exceeded quota: ([^\s,]+), requested: (.+?), used: (.+?), limited: (\S+)/,
  quotaScope: /insufficient quota to match these scopes: (.+)/,
  range:
    /((minimum|maximum) \S+ usage per (Container|Pod) is)|(max limit to request ratio per (Container|Pod) is)|(resources\.requests: Invalid value: .*must be less than or equal to \S+ limit)/,
  podSecurity: /violates PodSecurity "([^"]+)": (.+)/,
  webhookUnreachable: /failed calling webhook "([^"]+)"/,
  denied:
    /admission webhook "([^"]+)" denied the request|ValidatingAdmissionPolicy '([^']+)'(?: with binding '([^']+)')? denied request/,
  priorityClass: /no PriorityClass with name (\S+) was found/,
  runtimeClass: /RuntimeClass "([^"]+)" not found/,
  serviceAccount: /error looking up service account [^\s/]+\/([^\s:]+): serviceaccount "[^"]*" not found/i,
} satisfies Record<string, RegExp>;

export type RefusalText = keyof typeof REFUSAL_TEXTS;

export function isRecognised(message: string): boolean {
  return Object.values(REFUSAL_TEXTS).some((pattern) => pattern.test(message));
}
