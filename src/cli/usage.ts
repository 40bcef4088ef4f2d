import { StratusError } from '../domain/stratus-error.ts';

/** Wrong words on the command line: exit 64, one line, nothing was done. */
export class UsageError extends StratusError {
  constructor(message: string) {
    super('usage', message);
    this.name = 'UsageError';
  }
}

export const USAGE = `stratus: mitigate a Kubernetes incident as a transaction that can be undone

usage: stratus COMMAND [options]

  mitigate    detect, diagnose and fix; ends healthy or exactly as it was
  diagnose    findings with evidence and proposed fixes; read-only
  watch       tell of incidents as they open and close; read-only
  run -- ...  one kubectl command as a committed, undoable transaction
  undo        take a transaction back and verify it (--last or --tx ID)
  recover     finish a transaction that was interrupted or diverged (--undo or --keep)
  journal     list | show ID | verify
  shell       a terminal in which every kubectl goes through the gateway
  runbook     list | show | lint | allow | forbid | run: declared actions in containers
  model       find | test: the language model beside the playbooks
  telemetry   find | test: alerts, metrics, traces and logs beside the cluster
  lock        status | break | install-fence | uninstall-fence
  mcp         serve read-only tools to other agents (Model Context Protocol on standard input and output)
  lint        flag unsafe kubectl in YAML and scripts

common options
  --context C                  target (default: the kubeconfig's); pinned for the whole run
  -n N, --namespace N          namespace of the incident (default: the context's)
  --yes                        write without asking
  --confirm-context C          the name of a protected context, where --yes alone does not write; protected are
                               those that STRATUS_PROTECTED_CONTEXTS names (default *prod*; none: no context)
  --json                       one JSON document per line on standard output
  -h, --help                   this text, or a command's own
  --version                    in place of a command: the version

'stratus COMMAND --help' tells a command's options and exit codes. Told to stop (Ctrl-C, kill, a closed terminal or pipe), a
command that writes undoes what is open first.
`;

export const COMMAND_USAGE: Record<string, string> = {
  mitigate: `usage: stratus mitigate [--context C] [-n NAMESPACE] [--yes] [--confirm-context C] [--json] [--brain B]
  --brain B            playbook, model, or both (default: both where a model is configured, else playbook): playbooks
                       first, the model when they have no fix or theirs did not help; 'stratus model --help'
  --check NAME=URL[,status=200][,samples=N]  user-request check, repeatable; URL is http(s)://... from this machine or
                                             svc://NAMESPACE/SERVICE:PORT/PATH through the API server
  --prometheus URL, --alertmanager URL, --traces URL, --logs URL, --slo NAME=PROMQL, --find-telemetry, --no-telemetry
                       alerts and objectives that count as severity, and where evidence is read;
                       'stratus telemetry --help'
  --plan FILE          try this first, repeatable: kubectl commands, one a line, as one attempt that is undone unless it
                       helps; manifests (-f) are read from beside FILE
  --max-attempts N     at most N transactions, 1 to 10 (default 10)
  --max-callers N      a plan waits for a person, whatever else is said, if more than N workloads call what it changes,
                       directly or over others, or if nobody knows who does (default: 25, and what is unknown asks nobody)
  --timeout S          wall-clock limit in seconds (default 1800)
  --watch S            watch what was kept for S seconds, and offer (with --yes: perform) its undo if that gets worse; 0 to
                       86400, default 300 where you are asked, else 0; Ctrl-C ends the watch and keeps the change
  --commit-rule R      strict (default) or paper
  --all-or-nothing     keep no partial improvement

exit: 0 resolved or healthy, 2 restored and verified, 3 diverged, 4 cluster or configuration error, 5 improved,
      6 stranded (run 'stratus recover'), 7 locked by another writer, 64 usage
`,
  diagnose: `usage: stratus diagnose [--context C] [-n NAMESPACE] [--json] [--check NAME=URL]
  --prometheus URL, --alertmanager URL, --traces URL, --logs URL, --slo NAME=PROMQL, --find-telemetry, --no-telemetry
                       alerts and objectives that count as severity, and where evidence is read;
                       'stratus telemetry --help'

exit: 0 done (findings or not), 4 cluster or configuration error, 64 usage
`,
  watch: `usage: stratus watch [--context C] [-n NAMESPACE] [--check NAME=URL] [--interval S] [--until-incident] [--json]
  Looks every S seconds (5 to 3600, default 15; less often while the cluster does not answer) at the same that 'stratus
  diagnose' looks at. Things that belong together are one incident, told of once, with its cause as far as it is known.
  Nothing is written. Ends when it is stopped, with --until-incident when the first incident was told.
  --prometheus URL, --alertmanager URL, --traces URL, --logs URL, --slo NAME=PROMQL, --find-telemetry, --no-telemetry
                       as for 'stratus mitigate'

exit: 0 stopped, 4 cluster or configuration error, 64 usage
`,
  run: `usage: stratus run [--context C] [-n NAMESPACE] [--yes] [--confirm-context C] [--accept WHAT] [--json] -- ARGS...
  ARGS is one kubectl command without the word kubectl. One that only reads needs no --yes, no lock and no transaction.
  --yes            write without asking what is undone exactly, or but for what comes back by itself
  --accept WHAT    let a write through after which the undo cannot bring everything back: unknown (what an operator
                   or a controller does because of it is not known), losses (objects or data are gone for good);
                   a refusal lists which ones. --accept unknown,losses takes both

exit: 0 done, 1 refused and nothing changed, 2 failed or stopped, and undone, 3 diverged or undone with losses,
      4 cluster or configuration error, 6 stranded, 7 locked by another writer, 64 usage
`,
  undo: `usage: stratus undo (--last | --tx ID) [--yes] [--confirm-context C] [--json]

exit: 0 undone and verified, 3 diverged or undone with losses, 4 cluster or configuration error, 6 stranded, 7 locked, 64 usage
`,
  recover: `usage: stratus recover [--undo | --keep] [--tx ID] [--yes] [--confirm-context C] [--json]
       stratus recover --from-cluster [--undo | --keep] [--context C] [--yes] [--confirm-context C] [--json]
  Without --undo or --keep it lists what was interrupted or could not be restored. Until each is undone or kept, nothing
  new is written to its cluster.
  --from-cluster  what a colleague's machine left unfinished, from the encrypted copy of its journal that is kept in the
                  cluster when STRATUS_SHARED_KEY (64 hex digits) or STRATUS_SHARED_KEY_FILE is set on both

exit: 0 done and verified (or nothing to do), 3 diverged, 4 error, 6 stranded, 7 locked, 64 usage
`,
  shell: `usage: stratus shell [--context C] [--namespace N] [--write [--keep | --undo] [--accept WHAT] [--confirm-context C]] [-- PROGRAM ARGS...]
  Runs your shell, or PROGRAM, with a KUBECONFIG that leads through the gateway: read only, or with --write as one
  transaction that is kept or undone when it ends (asked for, or told by --keep or --undo). exec, attach and port-forward
  are refused. Needs kubectl of your own on PATH. --accept as for 'stratus run'.

exit: 0 ended (of PROGRAM: its own code), 2 stopped and undone, 3 diverged, 4 cluster or configuration error, 6 stranded, 7 locked, 64 usage
`,
  journal: `usage: stratus journal list [--json] | show ID [--json] | verify [--json]

exit: 0 done, 4 a journal is damaged (the damage is named), 64 usage
`,
  runbook: `usage: stratus runbook list [--json]
       stratus runbook show NAME|FILE | lint NAME|FILE [--json]
       stratus runbook allow NAME|FILE [--yes] | forbid NAME
       stratus runbook run NAME --pod POD [--container C] [--set NAME=VALUE]... [--context C] [-n NAMESPACE] [--yes]
                                [--confirm-context C] [--accept losses] [--json]
  An action is a reviewed file with a snapshot, a command, its undo and a check (docs/runbooks.md). It runs only after
  you allowed exactly its bytes; 'allow' shows the file and keeps a copy in the state folder. Allowed actions are
  proposed by 'stratus mitigate', too, but none after which the undo could not bring everything back.
  --set NAME=VALUE     a parameter of the action, repeatable; it is no place for secrets
  --accept losses      as in 'stratus run'

exit: 0 done, 1 refused or with problems and nothing changed, 2 failed or stopped, and undone, 3 diverged or undone with
      losses, 4 cluster or configuration error, 6 stranded, 7 locked by another writer, 64 usage
`,
  model: `usage: stratus model find [--json]
       stratus model test [--json]
  find asks the usual ports of this machine for model servers; test tries what the configured model can do.
  The environment names the model (docs/models.md). It proposes only: what it says is rehearsed, judged and undone as
  any other plan. What leaves for it is redacted.
  STRATUS_MODEL            name of the model; without it there is none
  STRATUS_MODEL_URL        server of Chat Completions with its version part, such as http://127.0.0.1:11434/v1
  STRATUS_MODEL_KEY        key, where the server wants one
  STRATUS_MODEL_PROVIDER   openai (default: any such server) or azure
  STRATUS_MODEL_CONTEXT    tokens that request and answer may have together (default 32768)
  STRATUS_MODEL_TEMPERATURE  0 to 2 (default 0)
  STRATUS_SECOND_MODEL     and the like: another model for the second opinion
  STRATUS_MODEL_USE        JSON, for instance {"confidenceThreshold": 0.6, "freeCommands": true}
  STRATUS_MODEL_BUDGET     JSON, what one run may spend: {"usd": 1, "tokens": 200000, "calls": 60, "thinkMs": 300000}

exit: 0 done, 1 the model answers but not every probe works, 4 no probe works, 64 usage
`,
  telemetry: `usage: stratus telemetry find [--context C] [--json]
       stratus telemetry test [--context C] [--json] [options below]
  find asks well-known Services of the cluster, through the API server and by pinned paths that only read, what they are;
  test asks each configured source. Options and environment are those of 'stratus mitigate' and 'stratus diagnose', too
  (docs/telemetry.md). URL is http(s)://... from this machine, svc://NAMESPACE/SERVICE:PORT/PATH through the API server, or
  cloudwatch://REGION (alerts, logs). What does not answer makes severity unknown: nothing is then taken for healthy.
  --prometheus URL     metrics, and alerts where there is no Alertmanager; also Mimir, Thanos, VictoriaMetrics
  --alertmanager URL   alerts that neither a silence nor another alert hides; repeatable
  --traces URL         Jaeger or Tempo
  --logs URL           VictoriaLogs, Loki or CloudWatch
  --slo NAME=PROMQL    an objective, repeatable: 'checkout=sum(rate(ok[5m])) / sum(rate(all[5m])) >= 0.99'
  --kernel-metric EVENT=METRIC   a counter that tells what kernels do, repeatable, in place of the usual ones; EVENT is oomKills,
                       tcpRetransmits, drops or processExits
  --telemetry-cluster LABEL=VALUE   of sources that hold several clusters this one, where they cannot show which it is; LABEL
                       alone tells them apart by another label, * says that there is one only
  --find-telemetry     use what 'stratus telemetry find' finds, where nothing else is named
  --no-telemetry       read none, whatever the environment names
  STRATUS_PROMETHEUS_URL, STRATUS_ALERTMANAGER_URL, STRATUS_TRACES_URL, STRATUS_LOGS_URL   the same as the options; with
      _TOKEN, _TOKEN_FILE, _TENANT, _HEADERS (Name: value, one a line), _CA (file), _PAGE and _CLUSTER in place of _URL what goes
      with it
  STRATUS_TELEMETRY_CLUSTER, STRATUS_SLOS and STRATUS_KERNEL_METRICS (one a line), STRATUS_FIND_TELEMETRY=1

exit: 0 done, 4 a source does not answer, or cluster or configuration error, 64 usage
`,
  mcp: `usage: stratus mcp [--context C] [-n NAMESPACE] [--plans FOLDER]
  A server of the Model Context Protocol on standard input and output, for a client that starts it. Its tools read the
  one namespace that is given here; no client can choose another. propose_plan writes a plan into FOLDER (default: of the
  state folder) and answers with the 'stratus mitigate --plan' that a person runs. Nothing that a client calls writes to
  the cluster. Ends when the client goes away.

exit: 0 the client went away, 4 cluster or configuration error, 64 usage
`,
  lock: `usage: stratus lock status [--context C] [--json]
       stratus lock break --yes [--context C] [--confirm-context C]
       stratus lock install-fence | uninstall-fence [--yes] [--context C] [--confirm-context C] [--json]
       stratus lock install-fence --manifests
  install-fence lets the cluster itself refuse writes of everybody but the holder of the lock (docs/rbac); it needs
  the rights of an administrator and Kubernetes 1.30. Without --yes it only shows what it would do; with --manifests
  it prints the objects as YAML instead, for kubectl apply or a repository.
  STRATUS_LOCK_NAMESPACE: where the lock lives (default kube-system), the same for all writers of a cluster.
  STRATUS_LOCK_SECONDS: 6 to 300 (default 30), after which a silent holder's lock may be taken over.

exit: 0 done, 4 cluster or configuration error, 64 usage
`,
};
