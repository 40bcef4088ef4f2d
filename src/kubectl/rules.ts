/** How loudly a finding is shown; `off` hides it. */
export type Severity = 'off' | 'information' | 'warning' | 'error';

/** One rule about a kubectl command or the shell text around it. */
export interface RuleInfo {
  /** What the rule finds, as a short noun phrase. */
  title: string;
  /** Why it matters and what to do instead, one or two sentences. */
  why: string;
  /** Default severity in text that people wrote. */
  human: Severity;
  /** True if an agent's command is refused. */
  agent: boolean;
}

const rule = (human: Severity, agent: boolean, title: string, why: string): RuleInfo => ({ human, agent, title, why });

/** Every rule about commands, by id. Manifest rules are in src/lint/manifest-rules.ts. */
export const COMMAND_RULES = {
  // Text that is not one plain kubectl command.
  'not-kubectl': rule(
    'off',
    true,
    'A command other than kubectl',
    'Agents may run kubectl only; every other program acts outside the journal.',
  ),
  'kubectl-path': rule(
    'off',
    true,
    'kubectl by a path',
    'A file in the workspace can be anything. Agents write plain `kubectl`; the product runs the binary it was configured with.',
  ),
  'wrapped-command': rule(
    'off',
    true,
    'kubectl run by another program',
    'sudo, env, timeout, xargs, ssh, docker and shells change what runs or with which rights. Agents write the kubectl command alone; limits are added by the runner.',
  ),
  'shell-operator': rule(
    'off',
    true,
    'More than one command',
    'Agents run one command per step so that each has its own journal entry. Split `;`, `&&`, `||` and pipes into steps.',
  ),
  'shell-background': rule(
    'off',
    true,
    'A background command',
    'A detached command outlives its transaction. Remove the `&`.',
  ),
  'shell-substitution': rule(
    'off',
    true,
    'Text computed by another command',
    'What `$(…)`, backticks or `<(…)` yield is unknown before they run. Read first, then write the value literally.',
  ),
  'shell-expansion': rule(
    'off',
    true,
    'Text that the shell computes',
    'Variables, globs and braces are not known before they are expanded. Write every word literally, quoted with single quotes if needed.',
  ),
  'shell-assignment': rule(
    'off',
    true,
    'A variable set for the command',
    'KUBECONFIG, KUBECTL_EXTERNAL_DIFF, EDITOR and others change what kubectl does. Leave the environment alone.',
  ),
  'shell-redirect': rule(
    'off',
    true,
    'A redirection',
    'Agents neither write nor read local files; output is returned to them anyway.',
  ),
  'shell-structure': rule(
    'off',
    true,
    'Shell control flow',
    'Loops, conditions, functions, subshells and prefixes such as `!` or `time` are not single commands.',
  ),
  'shell-syntax': rule(
    'off',
    true,
    'Text that is not a complete shell command',
    'What cannot be parsed cannot be judged.',
  ),
  'control-character': rule(
    'off',
    true,
    'Control characters in a command',
    'NUL, newline and other control characters are not part of any kubectl argument an agent needs.',
  ),
  'cannot-verify': rule(
    'information',
    true,
    'A kubectl command that cannot be verified',
    'The command or its verb is computed while the script runs, or the script is of a shell that is not analysed, so its effect is unknown here.',
  ),
  // kubectl itself would refuse it, or nobody knows what it does.
  'unknown-command': rule(
    'information',
    true,
    'A command kubectl does not have',
    'kubectl runs a plugin of that name from PATH, which can be any program.',
  ),
  'unknown-flag': rule(
    'warning',
    true,
    'A flag the command does not have',
    'kubectl refuses it, or a newer kubectl gives it a meaning nobody judged.',
  ),
  'bad-arguments': rule('warning', true, 'Arguments kubectl cannot read', 'kubectl stops with a usage error.'),
  'misleading-flag': rule(
    'warning',
    true,
    'A flag value that reads like the verb',
    'The word after the flag is its value; the verb that runs comes later. Put the verb first.',
  ),
  // Deletion.
  'delete-protected-kind': rule(
    'warning',
    true,
    'Deleting something that cannot be brought back',
    'Namespaces, volumes, custom resource definitions, service accounts and admission objects take data or other objects with them; re-creating them does not restore those.',
  ),
  'delete-unknown-kind': rule(
    'off',
    true,
    'Deleting a kind that is not built in',
    'The undo of a custom resource is unknown without asking the cluster.',
  ),
  'delete-many': rule(
    'warning',
    true,
    'Deleting everything of a kind',
    '`--all`, `-A` and the category `all` delete whatever is there at that moment. Name the objects.',
  ),
  'delete-workload': rule(
    'information',
    true,
    'Deleting a workload instead of stopping it',
    'Deletion loses the identity and history of the workload; scaling to zero (or suspending a job) stops it and can be undone exactly.',
  ),
  'delete-from-file': rule(
    'off',
    true,
    'Deleting whatever a file describes',
    'The file decides what is deleted. Name the objects instead.',
  ),
  'force-delete': rule(
    'warning',
    true,
    'Deleting without a graceful shutdown',
    'With force or grace period 0 the object vanishes while its containers may still run; two copies can write the same volume.',
  ),
  'orphan-dependents': rule(
    'information',
    true,
    'Deleting an owner but not what it owns',
    'Orphaned objects are no longer managed by anything.',
  ),
  'force-recreate': rule(
    'warning',
    true,
    'Deleting and re-creating to change',
    '`--force` deletes the live object first: an outage, a new identity, and no way back if the creation fails.',
  ),
  prune: rule(
    'warning',
    true,
    'Deleting what a file does not mention',
    '`apply --prune` deletes every matching object that the files no longer hold.',
  ),
  'change-all': rule(
    'information',
    true,
    'Changing everything of a kind',
    'The set is whatever exists at that moment. Name the objects.',
  ),
  // Dry run.
  'dry-run-overridden': rule('error', true, 'Two values for --dry-run', 'kubectl keeps the last one.'),
  'dry-run-detached': rule(
    'error',
    true,
    'A separate word after --dry-run',
    '`--dry-run` takes its value only with `=`; a separate word becomes an object name and the mode is client.',
  ),
  'dry-run-ignored': rule(
    'error',
    true,
    'A dry run that really writes',
    'kubectl ignores `--dry-run` together with `--raw` or `--edit`, and after `--`.',
  ),
  'dry-run-none': rule(
    'off',
    true,
    'A dry run switched off',
    '`--dry-run=none` really writes. Leave the flag out or use `server`.',
  ),
  'dry-run-deprecated': rule(
    'information',
    false,
    'An old spelling of --dry-run',
    'A bare or true `--dry-run` means client mode and is deprecated; say which one is meant.',
  ),
  'dry-run-rejected': rule(
    'warning',
    true,
    'A dry run that kubectl refuses',
    'The command shows the flag but rejects server mode, or `--force` forbids it.',
  ),
  // Commands that do not end or need a person.
  'interactive-flags': rule(
    'information',
    true,
    'A terminal or standard input requested',
    'Nobody is at the terminal: the command waits for input or fails.',
  ),
  'interactive-command': rule(
    'warning',
    true,
    'A command that opens an editor or a terminal',
    'It waits for a person. Use `patch`, `set` or `apply` instead.',
  ),
  'follow-logs': rule(
    'information',
    true,
    'Following a log',
    'The command ends only when the container does. Use `--tail` or `--since`.',
  ),
  watch: rule(
    'warning',
    true,
    'Watching for changes',
    'The command never ends by itself. Use `kubectl wait --for=… --timeout=…`.',
  ),
  'rollout-status-unbounded': rule(
    'information',
    true,
    'Waiting for a rollout without a limit',
    'A rollout may never end. Add `--timeout`.',
  ),
  'wait-unbounded': rule('warning', true, 'Waiting for a week', 'A negative timeout means a week.'),
  'drain-unbounded': rule(
    'warning',
    true,
    'Draining without a limit',
    'A pod that cannot be evicted makes drain wait for ever. Add `--timeout`.',
  ),
  'delete-unbounded': rule(
    'off',
    true,
    'Waiting for a deletion without a limit',
    'Finalizers can hold a deletion for ever. Add `--timeout` or `--wait=false`.',
  ),
  'blocking-command': rule(
    'off',
    true,
    'A command that runs until it is stopped',
    'It listens or streams and never returns.',
  ),
  'stdin-manifest': rule(
    'off',
    true,
    'A manifest from standard input',
    'Standard input is closed for agents. Use `patch`, `set` or `create` with arguments.',
  ),
  // Identity, target and credentials.
  'target-override': rule('off', true, 'Another cluster or user', 'The target is pinned when the incident starts.'),
  impersonation: rule('off', true, 'Acting as someone else', 'Impersonation hides who did what and can widen rights.'),
  'credential-literal': rule(
    'warning',
    true,
    'A credential on the command line',
    'Arguments are visible to every process on the machine and stay in history and logs.',
  ),
  'insecure-tls': rule(
    'warning',
    true,
    'TLS verification switched off',
    'Anyone on the path can read the credential and change the answer.',
  ),
  'config-write': rule(
    'off',
    true,
    'Changing the kubeconfig',
    'The pinned target must not move; `set-credentials --exec-command` even plants a program to run.',
  ),
  'config-raw': rule('off', true, 'Printing credentials', 'Raw kubeconfig output holds tokens and keys.'),
  'secret-template': rule(
    'off',
    true,
    'A template over Secrets',
    'A template can print parts of a value in a form that nobody recognises. `-o yaml` and `describe` show the keys.',
  ),
  'token-mint': rule(
    'off',
    true,
    'Minting a token',
    'A token outlives the transaction; even a server dry run returns a working one.',
  ),
  'namespace-scope': rule(
    'off',
    true,
    'A write outside the pinned namespace',
    'The incident’s scope was agreed at its start.',
  ),
  // Local machine and network.
  'local-file-read': rule(
    'off',
    true,
    'Reading a local file',
    'The file is not part of the agreed plan and may hold secrets.',
  ),
  'local-file-write': rule('off', true, 'Writing a local file', 'Agents do not write to this machine.'),
  'remote-manifest': rule(
    'information',
    true,
    'A manifest from the network',
    'The content can change between review and use. Download it, review it and pin it.',
  ),
  'kustomize-execution': rule(
    'off',
    true,
    'A kustomization',
    'Kustomize reads directories, clones repositories and can run plugins and helm.',
  ),
  'raw-write': rule(
    'warning',
    true,
    'A raw write',
    '`--raw` sends the request as it is, ignores `--dry-run`, and hides the kind from review.',
  ),
  'raw-proxy': rule(
    'off',
    true,
    'A raw request through a proxy',
    'A GET through `…/proxy/…` reaches programs inside the cluster and can have any effect.',
  ),
  // Rights, containers and other effects outside the journal.
  'container-access': rule(
    'off',
    true,
    'Running code in or streaming to a container',
    'What happens inside a container is not seen by the API and cannot be undone.',
  ),
  debug: rule(
    'information',
    true,
    'A debug container',
    'Ephemeral containers can never be removed from a pod; a node debug pod is privileged.',
  ),
  'finalizer-removal': rule(
    'warning',
    true,
    'Removing finalizers or owners',
    'The controller that set the finalizer never cleans up: cloud resources leak and data can be lost.',
  ),
  'rbac-change': rule('off', true, 'Changing access rights', 'Agents never change who may do what.'),
  'cluster-admin': rule(
    'warning',
    true,
    'Granting cluster-admin',
    'It gives every right in every namespace. Bind a narrower role.',
  ),
  'anonymous-access': rule(
    'warning',
    true,
    'Rights for everybody',
    'system:anonymous and system:unauthenticated are whoever reaches the API server, system:authenticated is everybody with a login or a service account. Name who needs the right.',
  ),
  'certificate-approval': rule(
    'off',
    true,
    'Deciding a certificate request',
    'An issued certificate cannot be withdrawn.',
  ),
  'pod-overrides': rule(
    'information',
    true,
    'A pod with overrides or privileges',
    '`--overrides` and `--privileged` can give the pod the whole node.',
  ),
  'open-proxy': rule(
    'warning',
    true,
    'The cluster opened to the network',
    '`kubectl proxy` and `port-forward` ask nobody for a login: on an address other than localhost, whoever reaches the port acts with your rights.',
  ),
  'storage-at-risk': rule(
    'warning',
    false,
    'A change after which data is deleted',
    'With the policy Delete the volume goes, with its data, as soon as its claim, pod or workload goes, long after this command.',
  ),
  'destroys-inside': rule(
    'information',
    false,
    'Data destroyed inside a container',
    'The API does not see what a command inside a container removes, so nothing can bring it back.',
  ),
  'drain-data-loss': rule(
    'warning',
    true,
    'Draining past the safety checks',
    '`--force` deletes pods nobody re-creates, `--disable-eviction` ignores disruption budgets, and `--delete-emptydir-data` (a note only) empties scratch volumes.',
  ),
  'taint-evicts': rule(
    'information',
    false,
    'A taint that evicts pods',
    'NoExecute evicts running pods at once; removing the taint does not bring them back.',
  ),
  'can-i-subresource': rule(
    'information',
    false,
    'A slash in auth can-i',
    '`can-i get pods/exec` asks about a pod named exec. Use `--subresource=exec`.',
  ),
  'unjudged-command': rule('off', true, 'A command nobody has judged', 'Its effects are unknown.'),
} as const satisfies Record<string, RuleInfo>;

/** The id of a rule about commands. */
export type CommandRule = keyof typeof COMMAND_RULES;

/** The rule's facts. */
export function commandRule(id: CommandRule): RuleInfo {
  return COMMAND_RULES[id];
}
