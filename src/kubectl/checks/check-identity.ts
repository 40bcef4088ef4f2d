import { DYNAMIC } from '../flag-values.ts';
import { flagIsOn, lastFlag } from '../parse.ts';
import type { FlagUse } from '../parse.ts';
import type { Check, CheckInput, Problem } from '../problem.ts';
import type { CommandRule } from '../rules.ts';

const TARGET = ['kubeconfig', 'kuberc', 'cluster', 'user', 'server', 'tls-server-name', 'certificate-authority'];
const CREDENTIALS = ['token', 'password', 'username', 'client-certificate', 'client-key'];
const IMPERSONATION = ['as', 'as-group', 'as-uid', 'as-user-extra'];

/** False where a command has a flag of its own under a global name, such as `create rolebinding --user`. */
function isGlobal(input: CheckInput, use: FlagUse): boolean {
  let root = input.parsed.command;
  while (root.parent) root = root.parent;
  return root.flags.get(use.name) === use.spec;
}

function perFlag(input: CheckInput): Problem[] {
  const problems: Problem[] = [];
  const { parsed, options, audience } = input;
  const add = (rule: CommandRule, use: { index: number; valueIndex: number }, message: string): void => {
    problems.push({ rule, first: use.index, last: use.valueIndex, message });
  };
  for (const use of parsed.flags) {
    if (TARGET.includes(use.name) && (isGlobal(input, use) || use.name === 'kubeconfig')) {
      add(
        'target-override',
        use,
        `--${use.name} points kubectl at another cluster or user; the target is pinned, leave it out`,
      );
    } else if (use.name === 'context' && use.value !== options.context && audience === 'agent') {
      add('target-override', use, `--context may only be ${options.context ?? 'left out'}; the target is pinned`);
    } else if (IMPERSONATION.includes(use.name)) {
      add('impersonation', use, `--${use.name} acts as someone else; leave it out`);
    } else if (CREDENTIALS.includes(use.name) && isGlobal(input, use)) {
      if (audience === 'agent') add('credential-literal', use, `--${use.name} passes a credential; leave it out`);
    } else if (use.name === 'insecure-skip-tls-verify' && flagIsOn(parsed, use.name)) {
      add(
        'insecure-tls',
        use,
        '--insecure-skip-tls-verify lets anyone on the path read and change the traffic; give the CA with --certificate-authority',
      );
    } else if (use.name === 'profile' && use.value !== 'none') {
      add('local-file-write', use, '--profile writes a file; leave it out');
    } else if (
      ['profile-output', 'cache-dir', 'output-directory', 'vmodule', 'log-flush-frequency'].includes(use.name)
    ) {
      if (use.name.startsWith('v') || use.name.startsWith('log')) continue;
      if (use.name === 'output-directory' && use.value === '-') continue;
      add('local-file-write', use, `--${use.name} writes files on this machine; leave it out`);
    }
  }
  return problems;
}

/** A literal token or password in a script; `isLiteral` is decided by the caller's shell analysis. */
function literalCredentials(input: CheckInput): Problem[] {
  if (input.audience !== 'human') return [];
  return input.parsed.flags
    .filter(
      (use) => (use.name === 'token' || use.name === 'password') && use.value !== '' && !use.value.includes(DYNAMIC),
    )
    .map((use) => ({
      rule: 'credential-literal' as const,
      first: use.index,
      last: use.valueIndex,
      message: `--${use.name} puts a credential on the command line; use a kubeconfig or a variable`,
    }));
}

function checkConfig(input: CheckInput): Problem[] {
  const { parsed, effect } = input;
  const preferences = parsed.path.includes('kuberc');
  if ((parsed.path[0] !== 'config' && !preferences) || parsed.help) return [];
  const at = { first: parsed.verbIndexes[0] ?? 0, last: parsed.verbIndexes.at(-1) ?? 0 };
  if (effect.undo === 'impossible' || effect.dryRunTruth === 'absent') {
    return [
      {
        rule: 'config-write',
        ...at,
        message: preferences
          ? `kubectl ${effect.command} adds flags and aliases to later commands, unseen; write them out instead`
          : `kubectl ${effect.command} changes the kubeconfig; the target is pinned, leave it alone`,
      },
    ];
  }
  const raw = lastFlag(parsed, 'raw');
  if (raw && flagIsOn(parsed, 'raw')) {
    return [
      {
        rule: 'config-raw',
        first: raw.index,
        last: raw.index,
        message: '--raw prints tokens and keys; use config view --minify',
      },
    ];
  }
  return [];
}

function checkScope({ parsed, effect, options, audience }: CheckInput): Problem[] {
  if (audience !== 'agent' || !effect.writes) return [];
  const everywhere = lastFlag(parsed, 'all-namespaces');
  if (everywhere && flagIsOn(parsed, 'all-namespaces') && effect.command !== 'delete') {
    return [
      {
        rule: 'change-all',
        first: everywhere.index,
        last: everywhere.index,
        message: 'a write in every namespace; name the namespace and the objects',
      },
    ];
  }
  const allowed = [options.namespace, ...(options.namespaces ?? [])].filter((name) => name !== undefined);
  const use = lastFlag(parsed, 'namespace');
  if (!use || allowed.length === 0 || allowed.includes(use.value)) return [];
  return [
    {
      rule: 'namespace-scope',
      first: use.index,
      last: use.valueIndex,
      message: `writes are limited to ${allowed.length === 1 ? 'namespace' : 'the namespaces'} ${allowed.join(', ')}; use -n ${allowed[0] ?? ''}`,
    },
  ];
}

/** Rules about which cluster, user and namespace are meant, and about credentials. */
export const checkIdentity: Check = (input) => [
  ...perFlag(input),
  ...literalCredentials(input),
  ...checkConfig(input),
  ...checkScope(input),
];
