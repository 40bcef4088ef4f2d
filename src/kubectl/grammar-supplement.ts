const RECORD = 'record:b';

/**
 * Flags that kubectl accepts but hides from `--help`, by command path, in the form of the generated grammar.
 * Read from kubectl's own command tree (test/testbed/kubectl-harness, `dump`).
 */
export const HIDDEN_FLAGS: Readonly<Record<string, string>> = {
  annotate: RECORD,
  apply: RECORD,
  'apply edit-last-applied': RECORD,
  autoscale: `${RECORD} cpu-percent:i`,
  create: RECORD,
  edit: RECORD,
  expose: RECORD,
  kustomize: 'enable-managedby-label:b reorder:s',
  label: RECORD,
  patch: RECORD,
  run: RECORD,
  scale: RECORD,
  'set image': RECORD,
  'set resources': RECORD,
  'set selector': RECORD,
  'set serviceaccount': RECORD,
};
