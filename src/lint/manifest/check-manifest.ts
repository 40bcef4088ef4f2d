import { isMap, isScalar, isSeq } from 'yaml';
import type { Document, Scalar, YAMLMap } from 'yaml';
import type { LintConfig } from '../config.ts';
import type { Finding, Fix } from '../finding.ts';
import { eachPair, itemsOf, keyNode, rangeOf, stringOf, textScalar, valueAt, valueOf } from '../yaml/yaml-tree.ts';
import { MANIFEST_RULES } from './manifest-rules.ts';
import type { ManifestRule } from './manifest-rules.ts';

/** Words that YAML 1.1 reads as booleans though they look like text. */
const BOOLEAN_WORDS = /^(y|Y|n|N|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/;
/** Maps whose values must be strings. */
const STRING_MAPS = new Set(['labels', 'annotations', 'matchLabels', 'data', 'stringData', 'nodeSelector']);
const STRING_FIELDS = new Set(['value', 'name', 'namespace', 'image', 'key']);

/** Finalizers that their projects ask people to set. */
const SET_BY_HAND = /\.argocd\.argoproj\.io(\/|$)|^foregroundDeletion$/;

class Report {
  readonly findings: Finding[] = [];
  readonly #config: LintConfig;

  constructor(config: LintConfig) {
    this.#config = config;
  }

  add(rule: ManifestRule, node: unknown, message: string, fix?: Fix): void {
    const severity = this.#config.rules[rule] ?? MANIFEST_RULES[rule].human;
    const range = rangeOf(node);
    if (severity === 'off' || !range) return;
    this.findings.push({ rule, severity, ...range, message, ...(fix ? { fix } : {}) });
  }
}

function checkKeys(map: YAMLMap, report: Report, templated: boolean): void {
  const seen = new Map<string, unknown>();
  for (const { key } of map.items) {
    if (!isScalar(key)) continue;
    const name = String(key.value);
    if (name === '<<') continue;
    if (!templated && seen.has(name))
      report.add('manifest-duplicate-key', key, `"${name}" is given twice; the last one counts, remove one`);
    seen.set(name, key);
    const token = textScalar(key)?.token;
    if (token?.type === 'double-quoted-scalar' && /\\[xuU]/.test(token.source)) {
      report.add('manifest-escaped-key', key, `this key is "${name}" written with escapes; write it plainly`);
    }
  }
}

function checkWord(node: unknown, report: Report): void {
  if (!isScalar(node)) return;
  const token = textScalar(node)?.token;
  if (token?.type !== 'scalar') return;
  const octal = /^0[0-7]+$/.test(token.source) && typeof node.value === 'number';
  if (!octal && !(BOOLEAN_WORDS.test(token.source) && typeof node.value === 'boolean')) return;
  const range = rangeOf(node);
  if (!range) return;
  report.add(
    'manifest-yaml11',
    node,
    `kubectl reads ${token.source} as ${String((node as Scalar).value)}; quote it if text is meant`,
    {
      title: 'Quote the value',
      safe: true,
      edits: [{ ...range, text: `"${token.source}"` }],
    },
  );
}

function checkPair(key: string, value: unknown, map: YAMLMap, path: readonly string[], report: Report): void {
  if (STRING_MAPS.has(path.at(-1) ?? '') || STRING_FIELDS.has(key)) checkWord(value, report);
  if (key === 'args' || key === 'command') for (const item of itemsOf(value)) checkWord(item, report);
  const isTrue = isScalar(value) && value.value === true;
  if (key === 'privileged' && isTrue && path.at(-1) === 'securityContext') {
    report.add(
      'privileged-container',
      value,
      'a privileged container has every right on its node; add single capabilities instead',
    );
  }
  if (
    (key === 'hostPID' || key === 'hostIPC' || key === 'hostNetwork') &&
    isTrue &&
    valueOf(map, 'containers') !== undefined
  ) {
    report.add('host-namespace', value, `${key} lets the pod see and reach everything on its node; remove it`);
  }
  if (key === 'hostPath' && isMap(value)) {
    report.add(
      'host-path',
      valueOf(value, 'path') ?? value,
      'a path of the node’s disk; use a claim, an emptyDir or a configMap',
    );
  }
  if (key === 'finalizers' && path.at(-1) === 'metadata' && isSeq(value)) {
    for (const item of value.items) {
      const name = stringOf(item);
      if (name !== undefined && !SET_BY_HAND.test(name))
        report.add(
          'manifest-finalizer',
          item,
          `the object cannot be deleted until something removes "${name}"; leave finalizers to controllers`,
        );
    }
  }
}

const hasStar = (node: unknown): boolean => itemsOf(node).some((item) => stringOf(item) === '*');

function checkWebhooks(root: unknown, report: Report): void {
  for (const webhook of itemsOf(valueOf(root, 'webhooks'))) {
    const policy = valueOf(webhook, 'failurePolicy');
    if ((stringOf(policy) ?? 'Fail') !== 'Fail') continue;
    if (
      valueOf(webhook, 'namespaceSelector') !== undefined ||
      valueOf(webhook, 'objectSelector') !== undefined ||
      valueOf(webhook, 'matchConditions') !== undefined
    )
      continue;
    const everything = itemsOf(valueOf(webhook, 'rules')).find(
      (rule) =>
        hasStar(valueOf(rule, 'apiGroups')) &&
        itemsOf(valueOf(rule, 'resources')).some((item) => /^\*(\/\*)?$/.test(stringOf(item) ?? '')),
    );
    if (everything) {
      report.add(
        'webhook-fail-everything',
        policy ?? valueOf(webhook, 'name') ?? everything,
        'when this webhook is down nothing in the cluster can be changed; add a namespaceSelector or failurePolicy: Ignore',
      );
    }
  }
}

function checkRoles(root: unknown, kind: string, report: Report): void {
  if (kind === 'Role' || kind === 'ClusterRole') {
    for (const rule of itemsOf(valueOf(root, 'rules'))) {
      if (hasStar(valueOf(rule, 'verbs')) && hasStar(valueOf(rule, 'resources'))) {
        report.add(
          'wildcard-rbac',
          keyNode(rule, 'verbs') ?? rule,
          'this allows every verb on every resource; list the verbs and resources that are needed',
        );
      }
    }
  } else if (kind.endsWith('RoleBinding')) {
    const name = valueAt(root, 'roleRef', 'name');
    if (stringOf(name) === 'cluster-admin')
      report.add(
        'cluster-admin-binding',
        name,
        'cluster-admin gives every right; bind a role with only the verbs that are needed',
      );
  }
}

const LOSSY_KINDS = new Set(['Namespace', 'CustomResourceDefinition', 'PersistentVolume', 'PersistentVolumeClaim']);

function checkHooks(root: unknown, kind: string, report: Report): void {
  if (!LOSSY_KINDS.has(kind)) return;
  const annotations = valueAt(root, 'metadata', 'annotations');
  for (const key of ['helm.sh/hook-delete-policy', 'argocd.argoproj.io/hook-delete-policy']) {
    const value = valueOf(annotations, key);
    if (value !== undefined)
      report.add(
        'delete-hook',
        value,
        `this hook deletes the ${kind} and all that depends on it; remove the delete policy`,
      );
  }
}

function checkObject(root: unknown, report: Report, depth: number): void {
  const kind = stringOf(valueOf(root, 'kind'));
  if (kind === undefined || valueOf(root, 'apiVersion') === undefined || depth > 5) return;
  if (kind === 'List' || (kind.endsWith('List') && isSeq(valueOf(root, 'items')))) {
    report.add('manifest-list', valueOf(root, 'kind'), 'every item of this list is applied or deleted');
    for (const item of itemsOf(valueOf(root, 'items'))) checkObject(item, report, depth + 1);
    return;
  }
  if (kind.endsWith('WebhookConfiguration')) checkWebhooks(root, report);
  checkRoles(root, kind, report);
  checkHooks(root, kind, report);
  if (kind === 'Namespace')
    report.add(
      'manifest-delete',
      valueAt(root, 'metadata', 'name'),
      'kubectl delete -f of this file removes the namespace and all that is in it',
    );
}

/**
 * Findings about the Kubernetes objects in YAML documents; documents of other tools are left alone. In templates a key
 * may stand in both branches of a condition, so that repeated keys say nothing there.
 */
export function checkManifests(
  documents: readonly Document.Parsed[],
  config: LintConfig,
  templated = false,
): Finding[] {
  const report = new Report(config);
  for (const document of documents) {
    const root = document.contents;
    if (!isMap(root) || valueOf(root, 'kind') === undefined || valueOf(root, 'apiVersion') === undefined) continue;
    const seen = new Set<YAMLMap>();
    eachPair(root, (key, value, map, path) => {
      if (!seen.has(map)) {
        seen.add(map);
        checkKeys(map, report, templated);
      }
      // A schema describes fields; it has none of them.
      if (!path.includes('openAPIV3Schema')) checkPair(key, value, map, path, report);
    });
    checkObject(root, report, 0);
  }
  return report.findings;
}
