import { beforeEach, expect, it, vi } from 'vitest';
import type { UndoNode } from '../../../src/ui/undo/undo-tree.ts';
import type { TransactionDetail } from '../../../src/run/transactions.ts';
import { refLabel } from '../../../src/domain/kube-object.ts';
import { explainTransaction } from '../../../src/ui/undo/transaction-text.ts';
import { objectYaml } from '../../../src/ui/views/object-text.ts';

const shown: string[] = [];
vi.mock('vscode', () => {
  class EventEmitter {
    event = () => ({ dispose: () => undefined });
    fire() {}
    dispose() {}
  }
  class TreeItem {
    label: string;
    constructor(label: string) {
      this.label = label;
    }
  }
  const say = async (text: string) => void shown.push(text);
  return {
    EventEmitter,
    TreeItem,
    ThemeIcon: class {},
    ThemeColor: class {},
    TreeItemCollapsibleState: { Collapsed: 1, Expanded: 2 },
    l10n: { t: (text: string, ...words: unknown[]) => text.replace(/\{(\d)\}/g, (_, at) => String(words[at])) },
    window: {
      showErrorMessage: say,
      showInformationMessage: say,
      showWarningMessage: async (text: string, options: unknown) =>
        void shown.push(text, ...(options ? [(options as { detail: string }).detail] : [])),
    },
  };
});
beforeEach(() => void (shown.length = 0));

/** Acts on a terminal, ends a line, or turns the order of characters round. */
const ACTS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/u;
const HOSTILE = 'a\u001b[2J\u009b31m\u202egpj\u200f\u061c\n```\n# x';
const ref = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: HOSTILE };

function transaction(): TransactionDetail {
  const object = { apiVersion: ref.apiVersion, kind: ref.kind, metadata: { name: HOSTILE }, rules: [HOSTILE] };
  return {
    id: 'tx-1', context: HOSTILE, namespace: HOSTILE, fingerprint: 'f', status: 'committed', title: HOSTILE,
    openedAt: '2026-11-21T02:47:11.000Z', closedAt: null, writes: 1, roots: [ref],
    commands: [['get', HOSTILE]], note: '', undo: null,
    details: [
      {
        command: 0, method: 'PUT', ref, outcome: 'done', before: object, after: { ...object, rules: [] },
        undo: { class: 'consequences', inverse: `restores ${HOSTILE}`, residue: [HOSTILE] },
      },
    ],
  } as unknown as TransactionDetail; // prettier-ignore
}

it('the name of an object shows what it is made of, and stays another than its look-alike', () => {
  expect(refLabel(ref)).not.toMatch(ACTS);
  expect(refLabel(ref)).not.toMatch(/\n/);
  expect(refLabel({ kind: 'Role', name: 'a\u202e' })).toBe('Role/a\\u{202e}');
  expect(refLabel({ kind: 'Role', name: 'a\\u{202e}' })).not.toBe(refLabel({ kind: 'Role', name: 'a\u202e' }));
});

it('nothing in the undo tree acts or turns words round', async () => {
  const { UndoTree } = await import('../../../src/ui/undo/undo-tree.ts');
  const detail = transaction();
  const journal = {
    onChange: () => ({ dispose() {} }),
    read: async () => ({ all: [detail], unfinished: new Set(), damage: '' }),
  };
  const app = async () => ({ transactions: { read: async () => detail } }) as never;
  const tree = new UndoTree(app, journal as never);
  const walk = async (node?: UndoNode): Promise<UndoNode[]> => {
    const below = await tree.getChildren(node);
    return [...below, ...(await Promise.all(below.map(walk))).flat()];
  };
  const nodes = await walk();
  expect(nodes.map(({ kind }) => kind)).toEqual(['transaction', 'command', 'write']);
  for (const node of nodes) {
    const { label, description, tooltip, accessibilityInformation } = tree.getTreeItem(node);
    for (const text of [label, description, tooltip, accessibilityInformation?.label])
      expect(String(text)).not.toMatch(ACTS);
    for (const text of [label, description]) expect(String(text)).not.toMatch(/\n/);
  }
});

it('an explanation stays the Markdown that it was meant to be', () => {
  const text = explainTransaction(transaction());
  expect(text).not.toMatch(ACTS);
  const lines = text.split('\n');
  expect(lines.filter((line) => line.startsWith('```'))).toEqual(['```sh', '```']);
  expect(lines.filter((line) => line.startsWith('#')).slice(1)).toEqual(['## What it did', '## How it is undone']);
});

it('a document shows an object with what cannot be seen spelled out, so that a difference in it is seen', async () => {
  const object = (text: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'x' },
    data: { a: text },
  });
  const yaml = await objectYaml(object('first\nse\u202econd \u200f\u001b[2J'));
  expect(yaml).not.toMatch(ACTS);
  expect(yaml).toContain('\\u202e');
  expect(await objectYaml(object('a\u200fb'))).not.toBe(await objectYaml(object('ab')));
});

it('a notification has neither links nor terminal codes of others', async () => {
  const { EditorPrompts } = await import('../../../src/ui/editor/prompts.ts');
  const prompts = new EditorPrompts();
  const text = `${HOSTILE} [Undo](command:workbench.action.quit) [a](https://example.org "b")`;
  for (const level of ['info', 'warning', 'error'] as const) await prompts.notify(level, text);
  await prompts.confirm(text, text, 'Go');
  expect(shown).toHaveLength(5);
  for (const one of shown) {
    expect(one).not.toMatch(ACTS);
    // The editor makes links of this form, and a command runs when it is followed.
    expect(one).not.toMatch(/\]\(/);
  }
});
