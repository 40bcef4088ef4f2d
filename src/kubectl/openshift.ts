import { DYNAMIC } from './flag-values.ts';
import type { Problem } from './problem.ts';

/**
 * How an argv of OpenShift's `oc` is read (docs.openshift.com, "OpenShift CLI developer and administrator commands"):
 * as kubectl's own after the words in `dropped`, or as a command only `oc` has, with what is wrong in it.
 */
export type OcReading = { as: 'kubectl'; dropped: readonly number[] } | { as: 'oc'; problems: readonly Problem[] };

/** Commands of `oc adm` that kubectl has without `adm`. */
const SHARED_ADM = new Set(['drain', 'cordon', 'uncordon', 'taint', 'certificate', 'top']);
const OWN = new Set(
  (
    'adm build-logs cancel-build deploy ex extract idle image import-image login logout new-app new-build new-project observe policy ' +
    'process project projects registry rollback rsh rsync secrets sa serviceaccounts start-build status tag whoami'
  ).split(' '),
);
const GIVES = /^add-(cluster-)?role-to-(user|group)$/;
const ANYBODY = /^system:(anonymous|unauthenticated|authenticated)$/;

/** Positions of the words that are neither flags nor, as far as can be told, values of the flags before the command. */
function plainWords(argv: readonly string[]): number[] {
  return argv.flatMap((word, index) => {
    const before = argv[index - 1] ?? '';
    const isValue = /^(-n|--namespace|--context|--config|--kubeconfig|--server|-s|--token|--user|--cluster|--as)$/.test(
      before,
    );
    return word.startsWith('-') || isValue ? [] : [index];
  });
}

/** Reads the words after `oc`. */
export function readOc(argv: readonly string[]): OcReading {
  const plain = plainWords(argv);
  const verb = plain[0] ?? -1;
  const word = argv[verb] ?? '';
  const second = argv[plain[1] ?? -1] ?? '';
  if (word === 'adm' && SHARED_ADM.has(second)) return { as: 'kubectl', dropped: [verb] };
  if (!OWN.has(word)) return { as: 'kubectl', dropped: [] };
  const problems: Problem[] = [];
  const insecure = argv.findIndex((one) => /^--insecure-skip-tls-verify(=true)?$/.test(one));
  if (insecure >= 0)
    problems.push({
      rule: 'insecure-tls',
      first: insecure,
      last: insecure,
      message:
        '--insecure-skip-tls-verify lets anyone on the path read and change the traffic; give the CA with --certificate-authority',
    });
  const secret = argv.findIndex(
    (one, index) =>
      isLiteral(one, /^--(token|password)=(.+)$/) ||
      (/^(--token|--password|-p)$/.test(one) && isLiteral(argv[index + 1] ?? '', /^()(.+)$/)),
  );
  if (word === 'login' && secret >= 0)
    problems.push({
      rule: 'credential-literal',
      first: secret,
      last: argv[secret]?.includes('=') ? secret : secret + 1,
      message: `${(argv[secret] ?? '').split('=')[0] ?? ''} puts a credential on the command line; use a kubeconfig or a variable`,
    });
  const policy =
    word === 'policy' || (word === 'adm' && second === 'policy') ? plain.slice(word === 'adm' ? 2 : 1) : [];
  problems.push(...rights(argv, policy));
  return { as: 'oc', problems };
}

function isLiteral(word: string, pattern: RegExp): boolean {
  const value = pattern.exec(word)?.[2];
  return value !== undefined && value !== '' && !value.includes(DYNAMIC);
}

/** `policy add-role-to-user ROLE WHO` and its relatives. */
function rights(argv: readonly string[], [command = -1, role = -1, ...who]: readonly number[]): Problem[] {
  const word = argv[command] ?? '';
  if (
    /^add-scc-to-/.test(word) &&
    /^(privileged|anyuid|hostaccess|hostmount-anyuid|node-exporter)$/.test(argv[role] ?? '')
  )
    return [
      {
        rule: 'pod-overrides',
        first: role,
        last: role,
        message: `pods under ${argv[role] ?? ''} can take the whole node; use a narrower security context constraint`,
      },
    ];
  if (!GIVES.test(word)) return [];
  const problems: Problem[] = [];
  if (argv[role] === 'cluster-admin')
    problems.push({
      rule: 'cluster-admin',
      first: role,
      last: role,
      message: 'cluster-admin gives every right; bind a role with only the verbs that are needed',
    });
  const everybody = who.find((index) => ANYBODY.test(argv[index] ?? ''));
  if (everybody !== undefined)
    problems.push({
      rule: 'anonymous-access',
      first: everybody,
      last: everybody,
      message: `${argv[everybody] ?? ''} is everybody; name who needs it`,
    });
  return problems;
}
