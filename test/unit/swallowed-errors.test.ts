import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

/** Catches that neither look at the error, nor throw, nor reject, nor say why that is right. */
function unexplained(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const body = swallows(node);
    if (body && !throws(body) && !isExplained(node, source)) {
      found.push(`${relative(root, file)}:${source.getLineAndCharacterOfPosition(node.getEnd()).line + 1}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function swallows(node: ts.Node): ts.Node | undefined {
  if (ts.isCatchClause(node)) return node.variableDeclaration ? undefined : node.block;
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined;
  const [handler] = node.arguments;
  const isCatch = node.expression.name.text === 'catch';
  return isCatch && handler && ts.isArrowFunction(handler) && handler.parameters.length === 0
    ? handler.body
    : undefined;
}

function throws(node: ts.Node): boolean {
  if (ts.isThrowStatement(node) || (ts.isCallExpression(node) && node.expression.getText() === 'reject')) return true;
  return ts.forEachChild(node, (child) => throws(child) || undefined) ?? false;
}

function isExplained(node: ts.Node, source: ts.SourceFile): boolean {
  let statement = node;
  while (!ts.isCatchClause(node) && statement.parent && !ts.isStatement(statement) && !ts.isClassElement(statement))
    statement = statement.parent;
  const around = ts.isCatchClause(node) ? node.parent : statement;
  const before = ts.getLeadingCommentRanges(source.text, around.getFullStart());
  return before !== undefined || /\/\/|\/\*/.test(source.text.slice(node.getStart(), node.getEnd()));
}

it('notices one that says nothing', () => {
  expect(unexplained('a.ts', 'try { a(); } catch { b(); }\nvoid a().catch(() => undefined);')).toHaveLength(2);
  expect(unexplained('a.ts', 'try { a(); } catch { /* gone */ }\n// Late.\nvoid a().catch(() => undefined);')).toEqual(
    [],
  );
  expect(unexplained('a.ts', 'try { a(); } catch { throw b; }\na().catch((error) => tell(error));')).toEqual([]);
});

it('every error that is swallowed says why', () => {
  const files = ['src', 'webview'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(root, folder, name)),
  );
  expect(files.length).toBeGreaterThan(200);
  expect(files.flatMap((file) => unexplained(file, readFileSync(file, 'utf8')))).toEqual([]);
});
