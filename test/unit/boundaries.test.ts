import { join } from 'node:path';
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

/** Import lines that must not be possible, by the file that would hold them. */
const FORBIDDEN: [file: string, line: string][] = [
  ['src/domain/x.ts', "import { a } from '../gateway/monitor.ts'; a();"],
  ['src/domain/x.ts', "import { readFileSync } from 'node:fs'; readFileSync('');"],
  ['src/undo/x.ts', 'Date.now();'],
  ['src/undo/x.ts', "import { a } from '../gateway/transaction.ts'; a();"],
  ['src/undo/x.ts', "JSON.parse('1');"],
  ['src/undo/x.ts', "JSON['stringify'](1);"],
  ['src/undo/x.ts', 'structuredClone({});'],
  ['src/undo/x.ts', "const key = 'a'; void (key in {});"],
  ['src/gateway/x.ts', "const { parse } = JSON; parse('1');"],
  ['src/gateway/x.ts', 'JSON.stringify(1);'],
  ['src/gateway/x.ts', 'globalThis.structuredClone({});'],
  ['src/gateway/x.ts', "import { parse } from 'yaml'; parse('');"],
  ['src/gateway/x.ts', 'export default 1;'],
  ['src/agents/playbooks/x.ts', "import { a } from '../../gateway/monitor.ts'; a();"],
  ['src/agents/playbooks/x.ts', "void fetch('http://localhost');"],
  ['src/run/x.ts', "import { spawn } from 'node:child_process'; spawn('kubectl');"],
  ['src/ui/x.ts', "import { request } from 'node:https'; request('');"],
  ['src/cli/x.ts', "import * as vscode from 'vscode'; vscode.window;"],
  ['src/cluster/x.ts', "import { a } from '../run/app.ts'; a();"],
  ['src/cluster/x.ts', "import { isDeepStrictEqual } from 'node:util'; isDeepStrictEqual(1, 1);"],
  ['src/lint/x.ts', "import { a } from '../gateway/monitor.ts'; a();"],
  ['src/gateway/x.ts', "import { a } from '../../test/testbed/instance.ts'; a();"],
  ['webview/x.ts', "import { a } from '../src/domain/machine.ts'; a();"],
  ['test/judge/x.ts', "import { a } from '../../src/domain/machine.ts'; a();"],
];

const ALLOWED: [file: string, line: string][] = [
  ['src/run/x.ts', "import { a } from '../gateway/monitor.ts'; a();"],
  ['src/gateway/x.ts', "import { request } from 'node:http'; request('');"],
  ['src/gateway/x.ts', "void ('status' in {});"],
  ['src/ui/x.ts', "import * as vscode from 'vscode'; void vscode.window;"],
];

describe('folder boundaries are lint rules', () => {
  const eslint = new ESLint({ cwd: root });
  const boundaryErrors = async (file: string, line: string) => {
    const [result] = await eslint.lintText(`${line}\n`, { filePath: join(root, file) });
    return result!.messages.filter(({ ruleId }) => ruleId?.startsWith('no-restricted'));
  };

  it.each(FORBIDDEN)('%s must not contain: %s', async (file, line) => {
    expect(await boundaryErrors(file, line)).not.toEqual([]);
  });

  it.each(ALLOWED)('%s may contain: %s', async (file, line) => {
    expect(await boundaryErrors(file, line)).toEqual([]);
  });
});
