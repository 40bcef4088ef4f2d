import type { RuleInfo, Severity } from '../../kubectl/rules.ts';

const rule = (human: Severity, title: string, why: string): RuleInfo => ({ human, agent: false, title, why });

/** Rules about Kubernetes manifests. */
export const MANIFEST_RULES = {
  'manifest-duplicate-key': rule(
    'error',
    'The same key twice',
    'kubectl uses the last one and drops the others without a word; a review of the first sees something else.',
  ),
  'manifest-escaped-key': rule(
    'warning',
    'A key written with escapes',
    'The key reads differently from what it is, so that search and review miss it.',
  ),
  'manifest-yaml11': rule(
    'warning',
    'A word that kubectl reads as something else',
    'kubectl reads YAML 1.1: yes, no, on, off are booleans and 017 is octal. Quote it.',
  ),
  'manifest-list': rule('off', 'Objects inside a List', 'Every item of the list is applied or deleted.'),
  'privileged-container': rule(
    'warning',
    'A privileged container',
    'It has every right on its node. Grant single capabilities instead.',
  ),
  'host-namespace': rule(
    'warning',
    'A pod in the host’s namespaces',
    'hostPID, hostIPC and hostNetwork let the pod see and reach everything on its node.',
  ),
  'host-path': rule(
    'information',
    'A volume from the node’s disk',
    'A writable host path can take over the node and ties the pod to it.',
  ),
  'webhook-fail-everything': rule(
    'error',
    'A webhook that can stop the cluster',
    'failurePolicy Fail on all resources without a selector: when its backend is down, nothing can be changed, not even its own repair.',
  ),
  'wildcard-rbac': rule(
    'warning',
    'A role that allows everything',
    '`*` on verbs, resources and groups also covers what is added later, and secrets.',
  ),
  'cluster-admin-binding': rule(
    'warning',
    'A binding to cluster-admin',
    'It gives every right in every namespace. Bind a narrower role.',
  ),
  'manifest-finalizer': rule(
    'information',
    'A finalizer set by hand',
    'The object cannot be deleted until something removes it; make sure a controller does.',
  ),
  'delete-hook': rule(
    'warning',
    'A hook that deletes',
    'A Helm or Argo CD hook with a delete policy removes this object, and everything in it, on each release.',
  ),
  'manifest-delete': rule(
    'off',
    'A manifest that deletes a namespace',
    'kubectl delete -f of this file removes the namespace and all that is in it.',
  ),
} as const satisfies Record<string, RuleInfo>;

/** The id of a rule about manifests. */
export type ManifestRule = keyof typeof MANIFEST_RULES;
