import { parseAllDocuments } from 'yaml';
import { DYNAMIC } from '../flag-values.ts';
import { checkReach } from './check-reach.ts';
import { lastFlag } from '../parse.ts';
import { atFlag, atVerb } from '../problem.ts';
import type { Check, CheckInput, Problem } from '../problem.ts';
import type { CommandRule } from '../rules.ts';

const REMOTE = /^(https?|ftp|s3|git|ssh):\/\/|^git@|^github\.com\/|\?ref=/i;
const PROXY_PATH = /\/proxy(\/|$)|\/(exec|attach|portforward|log)(\/|\?|$)/;
const STDIN = /(^|,)(-|\/dev\/stdin|\/dev\/fd\/0|\/proc\/self\/fd\/0)(,|$)/;
const FILE_OUTPUT = /^(go-template-file|templatefile|jsonpath-file|custom-columns-file)(=|$)/;
const LOCAL_FILE_FLAGS = ['from-file', 'from-env-file', 'patch-file', 'cert', 'key', 'custom'];

/** Manifests, templates and kustomizations from this machine or the network. */
function checkSources({ parsed, options, audience, effect }: CheckInput): Problem[] {
  const problems: Problem[] = [];
  for (const use of parsed.flags) {
    if (use.name === 'filename') {
      const files = use.value.split(',');
      if (files.some((file) => REMOTE.test(file))) {
        problems.push({
          rule: 'remote-manifest',
          ...atFlag(use),
          message: `${use.value} is fetched when the command runs; download, review and pin it`,
        });
      } else if (
        audience === 'agent' &&
        !STDIN.test(use.value) &&
        effect.command !== 'delete' &&
        !files.every((file) => options.files?.includes(file))
      ) {
        problems.push({
          rule: 'local-file-read',
          ...atFlag(use),
          message: `${use.value} is a local file; use patch, set or create with arguments`,
        });
      }
    } else if (use.name === 'kustomize') {
      const remote = REMOTE.test(use.value);
      problems.push({
        rule: remote ? 'remote-manifest' : 'kustomize-execution',
        ...atFlag(use),
        message: remote
          ? `${use.value} is cloned when the command runs; check it out and pin it`
          : `${use.value} is a kustomization; use patch, set or create with arguments`,
      });
    } else if (LOCAL_FILE_FLAGS.includes(use.name) && !(use.name === 'custom' && effect.command !== 'debug')) {
      problems.push({
        rule: 'local-file-read',
        ...atFlag(use),
        message: `--${use.name} reads a local file; give the values with --from-literal or a patch`,
      });
    } else if (use.name === 'output' && FILE_OUTPUT.test(use.value)) {
      problems.push({
        rule: 'local-file-read',
        ...atFlag(use),
        message: `-o ${use.value.split('=')[0] ?? ''} reads and prints a local file; use jsonpath=… or go-template=…`,
      });
    } else if (use.name === 'template' && FILE_OUTPUT.test(lastFlag(parsed, 'output')?.value ?? '')) {
      problems.push({
        rule: 'local-file-read',
        ...atFlag(use),
        message: '--template names a local file here; use -o go-template=…',
      });
    }
  }
  if (parsed.path[0] === 'kustomize' && !parsed.help) {
    const remote = parsed.positionals.find((item) => REMOTE.test(item.value));
    const runs = parsed.flags.find((use) =>
      /^(enable-helm|enable-alpha-plugins|enable-exec|network|helm-command)$/.test(use.name),
    );
    const first = parsed.verbIndexes[0] ?? 0;
    if (remote)
      problems.push({
        rule: 'remote-manifest',
        first: remote.index,
        last: remote.index,
        message: `${remote.value} is cloned when the command runs; check it out and pin it`,
      });
    else if (runs)
      problems.push({
        rule: 'kustomize-execution',
        ...atFlag(runs),
        message: `--${runs.name} runs programs; leave it out`,
      });
    else if (audience === 'agent')
      problems.push({
        rule: 'kustomize-execution',
        first,
        last: first,
        message: 'a kustomization reads local files and can run programs; use get or diff of named objects',
      });
  }
  return problems;
}

/** Raw requests. */
function checkRaw(input: CheckInput): Problem[] {
  const { parsed, effect } = input;
  const raw = lastFlag(parsed, 'raw');
  if (!raw || parsed.path[0] === 'config' || parsed.help) return [];
  if (effect.command === 'get') {
    return PROXY_PATH.test(raw.value)
      ? [
          {
            rule: 'raw-proxy',
            ...atFlag(raw),
            message: 'this path reaches a program inside the cluster; read objects with get',
          },
        ]
      : [];
  }
  return [
    {
      rule: 'raw-write',
      ...atFlag(raw),
      message: `--raw sends the request unseen and ignores --dry-run; use kubectl ${effect.command} TYPE NAME`,
    },
  ];
}

const VERB_RULES: Readonly<Record<string, [CommandRule, string]>> = {
  exec: ['container-access', 'runs code in a container; read with logs, describe or get'],
  attach: ['container-access', 'streams to a container; read with logs'],
  cp: ['container-access', 'copies files into or out of a container; read with logs or get'],
  'port-forward': ['container-access', 'opens a tunnel into the cluster; read objects with get'],
  proxy: ['container-access', 'opens the API on a local port; read objects with get'],
  'auth reconcile': ['rbac-change', 'changes access rights; only a person may do that'],
  'create role': ['rbac-change', 'changes access rights; only a person may do that'],
  'create clusterrole': ['rbac-change', 'changes access rights; only a person may do that'],
  'create rolebinding': ['rbac-change', 'changes access rights; only a person may do that'],
  'create clusterrolebinding': ['rbac-change', 'changes access rights; only a person may do that'],
  'set subject': ['rbac-change', 'changes access rights; only a person may do that'],
  'certificate approve': ['certificate-approval', 'issues a certificate that cannot be withdrawn'],
  'certificate deny': ['certificate-approval', 'decides a certificate request for good'],
  'create token': ['token-mint', 'returns a working token; even a dry run does'],
};

const DEBUG_POD = 'adds a container that can never be removed; read with logs, describe and events';
const DEBUG_NODE = 'starts a pod with the whole node at /host, which stays until it is deleted; delete it afterwards';

const RBAC_KINDS = new Set(['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings']);

/** Commands whose effects lie outside the journal, and rights. */
function checkVerb(input: CheckInput): Problem[] {
  const { parsed, effect } = input;
  if (parsed.help) return [];
  const problems: Problem[] = [];
  const isNode = effect.targets[0]?.kind?.plural === 'nodes';
  const known: [CommandRule, string] | undefined =
    effect.command === 'debug' ? ['debug', isNode ? DEBUG_NODE : DEBUG_POD] : VERB_RULES[effect.command];
  if (known && effect.writes)
    problems.push({ rule: known[0], ...atVerb(input), message: `kubectl ${effect.command} ${known[1]}` });
  if (effect.writes && effect.command !== 'delete') {
    const target = effect.targets.find((item) => item.kind && RBAC_KINDS.has(item.kind.plural));
    if (target && !known && !['label', 'annotate'].includes(effect.command)) {
      problems.push({
        rule: 'rbac-change',
        first: target.index,
        last: target.index,
        message: `changing a ${target.kind?.kind ?? 'role'} changes access rights; only a person may do that`,
      });
    }
  }
  return problems;
}

/** True if a patch names one of these fields anywhere: as a key, or in the path of a JSON patch operation. */
function namesField(value: unknown, names: readonly string[], depth = 0): boolean {
  if (depth > 50) return true;
  if (Array.isArray(value)) return value.some((item) => namesField(item, names, depth + 1));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, item]) => {
    if (names.some((name) => key === name || key.endsWith(`/${name}`))) return true;
    const isPath = (key === 'path' || key === 'from') && typeof item === 'string';
    if (isPath && item.split('/').some((part) => names.includes(part.replaceAll('~1', '/').replaceAll('~0', '~'))))
      return true;
    return namesField(item, names, depth + 1);
  });
}

/** The patch as kubectl reads it (YAML or JSON); undefined if it cannot be read. */
function readPatch(text: string): unknown {
  try {
    const documents = parseAllDocuments(text, { uniqueKeys: false, version: '1.1', logLevel: 'silent' });
    if ('empty' in documents || documents.some((document) => document.errors.length > 0)) return undefined;
    return documents.map((document): unknown => document.toJS({ maxAliasCount: 100 }));
  } catch {
    // Unreadable is unknown, and refused by the caller.
    return undefined;
  }
}

/** A merge patch that only puts finalizers on, as some projects ask people to. */
function setsFinalizer(documents: unknown): boolean {
  const [patch, second]: unknown[] = Array.isArray(documents) ? documents : [];
  if (second !== undefined) return false;
  const finalizers = isRecord(patch) && isRecord(patch['metadata']) ? patch['metadata']['finalizers'] : undefined;
  return Array.isArray(finalizers) && finalizers.length > 0 && finalizers.every((name) => typeof name === 'string');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text of a patch, from -p or --patch. */
function checkPatch({ parsed, effect, audience }: CheckInput): Problem[] {
  if (effect.command !== 'patch' || !effect.writes) return [];
  const problems: Problem[] = [];
  const patch = lastFlag(parsed, 'patch');
  if (patch && !patch.value.includes(DYNAMIC)) {
    const value = readPatch(patch.value);
    if (value === undefined) {
      if (audience === 'agent')
        problems.push({
          rule: 'bad-arguments',
          ...atFlag(patch),
          message: 'the patch is neither JSON nor YAML; correct it',
        });
    } else if (namesField(value, ['finalizers']) && !(audience === 'human' && setsFinalizer(value))) {
      problems.push({
        rule: 'finalizer-removal',
        ...atFlag(patch),
        message: 'changing finalizers skips clean-up; fix what the finalizer waits for',
      });
    } else if (namesField(value, ['ownerReferences'])) {
      problems.push({
        rule: 'finalizer-removal',
        ...atFlag(patch),
        message: 'changing owners makes the garbage collector delete or leak objects; leave them alone',
      });
    }
  }
  const sub = lastFlag(parsed, 'subresource');
  if (sub && sub.value !== 'scale') {
    problems.push({
      rule: 'raw-write',
      ...atFlag(sub),
      message: `the ${sub.value} subresource belongs to controllers; change the spec instead`,
    });
  }
  return problems;
}

/** Rules about what a command reads, sends and reaches. */
export const checkContent: Check = (input) => [
  ...checkVerb(input),
  ...checkRaw(input),
  ...checkReach(input),
  ...checkSources(input),
  ...checkPatch(input),
];
