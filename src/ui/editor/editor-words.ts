/** What the shared rooms say in words of the command line, and how the editor says it. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/: give another (?:with )?--namespace/g, ': choose another namespace'],
  [/: give --context \(known: ([^)]*)\)/g, ': choose one of $1'],
  [/: set KUBECONFIG/g, ': set stratus.kubeconfig'],
  [
    /: set STRATUS_MODEL and STRATUS_MODEL_URL(?:, or choose one in the editor \('Stratus: Choose Model'\))?/g,
    ": run 'Stratus: Choose Model'",
  ],
  [/: give --prometheus URL/g, ': set stratus.telemetry.prometheus'],
  [/: give --telemetry-cluster LABEL=VALUE/g, ': set stratus.telemetry.clusters'],
  [/: see --telemetry-cluster/g, ': see stratus.telemetry.clusters'],
  [/\bset \$STRATUS_KUBECTL\b/g, 'set stratus.kubectl.path'],
  [/ \('stratus undo --tx [^']*'\)/g, ''],
  [/close it with 'stratus recover --keep(?: --tx [^']*)?'/g, 'choose Keep As It Is in the Undo Stack'],
  [
    /finish it with 'stratus recover' \(--undo tries again, --keep leaves it as it is\)/g,
    'choose Undo or Keep As It Is in the Undo Stack',
  ],
  [/'stratus recover --from-cluster' first/g, "run Recover a Colleague's Change From the Cluster first"],
  [/: stratus journal list shows them/g, ': the Undo Stack shows them'],
  [/ \(--accept [^)]*\)/g, ''],
  [/run "stratus recover" on its machine/g, 'recover it on its machine'],
  [/ \(held by ([^\s()]+) pid \d+(?: [0-9a-f]+)?\)/g, ' (held by $1)'],
  [/\(executing (tx-[\w-]+)\)/g, '(applying $1)'],
  [/: stratus recover$/g, ': recover it in the Undo Stack'],
  // What only an administrator does has no button.
  [/((['"])stratus (?:lock|journal) [\w-]+\2)(?! in a terminal)/g, '$1 in a terminal'],
];

/** A message without words of the command line. */
export function editorWords(text: string): string {
  return WORDS.reduce((result, [pattern, words]) => result.replace(pattern, words), text);
}
