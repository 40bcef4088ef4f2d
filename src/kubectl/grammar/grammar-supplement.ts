const RECORD = 'record:b';
const HIDDEN_IN_RUN = 'cascade:o filename,f:c force:b grace-period:i kustomize,k:s recursive,R:b timeout:d wait:b';

/** The same for releases that hide more. */
export const HIDDEN_FLAGS_OF: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '1.29': { apply: `${RECORD} prune-whitelist:l`, drain: 'delete-local-data:b', run: HIDDEN_IN_RUN },
  '1.30': { drain: 'delete-local-data:b', run: HIDDEN_IN_RUN },
};

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
