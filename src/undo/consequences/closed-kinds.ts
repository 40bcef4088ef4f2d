const CREDENTIALS = 'credentials cannot be taken back';
const QUESTION = 'a question to the API server: nothing is stored that could be put back';
const REQUEST = 'a request, not an object: nothing is stored that could be put back';
const OTHER_SERVER = 'it could put another server behind an API';
const GUARD = 'it could switch off a rule that guards the cluster';
const REWRITE = 'it could rewrite what others write';
const SHUT_OUT = 'it could shut the gateway itself out';
const CERTIFICATE = 'an issued certificate cannot be taken back';
const STREAM = 'a stream whose effects cannot be seen or undone';

/**
 * Kinds by `GROUP/Kind` in which the gateway lets nothing be changed, and why; a change of any of their fields counts as
 * one-way. The gateway's own policy refuses the write before.
 */
export const CLOSED_KINDS: Readonly<Record<string, string>> = {
  '/Binding': 'a pod once bound to a node cannot be unbound',
  '/ComponentStatus': 'it is read-only',
  '/NodeProxyOptions': STREAM,
  '/PodAttachOptions': STREAM,
  '/PodExecOptions': STREAM,
  '/PodPortForwardOptions': STREAM,
  '/PodProxyOptions': STREAM,
  '/ServiceProxyOptions': STREAM,
  'admissionregistration.k8s.io/MutatingAdmissionPolicy': REWRITE,
  'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding': REWRITE,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': GUARD,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': GUARD,
  'apiregistration.k8s.io/APIService': OTHER_SERVER,
  'authentication.k8s.io/SelfSubjectReview': QUESTION,
  'authentication.k8s.io/TokenRequest': CREDENTIALS,
  'authentication.k8s.io/TokenReview': CREDENTIALS,
  'authorization.k8s.io/LocalSubjectAccessReview': QUESTION,
  'authorization.k8s.io/SelfSubjectAccessReview': QUESTION,
  'authorization.k8s.io/SelfSubjectRulesReview': QUESTION,
  'authorization.k8s.io/SubjectAccessReview': QUESTION,
  'certificates.k8s.io/CertificateSigningRequest': CERTIFICATE,
  'certificates.k8s.io/ClusterTrustBundle': 'whom the cluster trusts is not an incident’s business',
  'certificates.k8s.io/PodCertificateRequest': CERTIFICATE,
  'flowcontrol.apiserver.k8s.io/FlowSchema': SHUT_OUT,
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': SHUT_OUT,
  'policy/Eviction': REQUEST,
};
