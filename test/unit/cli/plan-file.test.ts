import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readPlanFile } from '../../../src/cli/plan-file.ts';
import { UsageError } from '../../../src/cli/usage.ts';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'stratus-plan-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(text: string, name = 'mine.txt'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

it('reads one command a line, without comments and empty lines', () => {
  const path = written(
    `# try this\n\nkubectl scale deployment/cart --replicas=3\r\n  kubectl annotate svc cart 'a=b c'\n`,
  );
  expect(readPlanFile(path)).toEqual({
    title: 'Your plan mine.txt',
    steps: [{ argv: ['scale', 'deployment/cart', '--replicas=3'] }, { argv: ['annotate', 'svc', 'cart', 'a=b c'] }],
    files: [],
  });
});

it.each(['-f cart.yaml', '-fcart.yaml', '--filename cart.yaml', '--filename=cart.yaml'])(
  'takes the manifest of %s along, from beside the plan',
  (words) => {
    written('kind: Service\n', 'cart.yaml');
    const { steps, files } = readPlanFile(written(`kubectl apply ${words}\n`));
    expect(files).toEqual([{ name: 'manifest-1', content: 'kind: Service\n' }]);
    expect(steps[0]!.argv.join(' ')).toMatch(/^apply (-f |--filename |--filename=)\{\{manifest-1\}\}$/);
  },
);

it('takes each manifest of a list, and leaves alone what is no file beside the plan', () => {
  written('kind: Service\n', 'cart.yaml');
  const path = written('kubectl apply -f cart.yaml,cart.yaml\nkubectl apply -f https://example.org/x.yaml\n');
  const { steps, files } = readPlanFile(path);
  expect(steps[0]!.argv).toEqual(['apply', '-f', '{{manifest-1}},{{manifest-2}}']);
  expect(steps[1]!.argv).toEqual(['apply', '-f', 'https://example.org/x.yaml']);
  expect(files).toHaveLength(2);
});

it.each([
  ['', 'holds no kubectl command'],
  ['# nothing\n', 'holds no kubectl command'],
  ['rm -rf /\n', 'line 1: a command begins with kubectl'],
  ['kubectl get pods\nkubectl get pods | wc\n', 'line 2: '],
  ['kubectl delete pod $POD\n', 'line 1: $POD contains a variable'],
  ['kubectl apply -f gone.yaml\n', 'line 1: cannot read'],
])('refuses %j and names the line', (text, problem) => {
  expect(() => readPlanFile(written(text))).toThrow(UsageError);
  expect(() => readPlanFile(written(text))).toThrow(problem);
});

it('says which plan cannot be read', () => {
  expect(() => readPlanFile(join(folder, 'nowhere'))).toThrow(/mitigate: cannot read .*nowhere: no such file/);
});
