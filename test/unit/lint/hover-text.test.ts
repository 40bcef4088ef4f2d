import { expect, it } from 'vitest';
import { kubectlCalls } from '../../../src/lint/analyze.ts';
import { hoverText } from '../../../src/lint/server/hover-text.ts';

it.each([
  `kubectl get $'po\\u202eds\\n\\n# [x](https://example.org)\\e[2J'`,
  `kubectl get pods $'--x\\u200f\\n\`\`\`\\n# y'`,
  `kubectl delete ns $'a\\n\\n![x](https://example.org)\\u061c' --all`,
  `kubectl "\u202e[x](https://example.org)" a`,
  `kubectl frob $'a\\n- ![x](https://example.org)'`,
])('words of a script neither act, nor end a line, nor become markup in a hover: %s', (script) => {
  const [call] = kubectlCalls(`#!/bin/bash\n${script}\n`, 'shellscript');
  const text = hoverText(call!) ?? '';
  expect(text).not.toBe('');
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
  for (const line of text.split('\n')) expect(line).toMatch(/^(\*\*kubectl|- |$)/);
  // Ours lead to the rules.
  for (const [, address] of text.matchAll(/(?<!\\)\]\(([^)]*)\)/g))
    expect(address).toMatch(/^command:stratus\.openDocs\?[\w%-]+$/);
});

it.each([
  ['kubectl delete ns shop', 'cannot be undone', 'can be undone'],
  ['kubectl delete -n shop pv,pods x', 'cannot be undone', 'with a new uid'],
  ['kubectl delete -n shop configmap x', 'can be undone', 'cannot be undone'],
  ['kubectl scale -n shop deploy/x --replicas=2', 'can be undone', 'cannot be undone'],
])('a hover does not contradict itself about the undo: %s', (script, says, not) => {
  const text = hoverText(kubectlCalls(`#!/bin/bash\n${script}\n`, 'shellscript')[0]!) ?? '';
  expect(text).toContain(says);
  expect(text.replaceAll('cannot be undone', says === 'cannot be undone' ? '' : 'cannot be undone')).not.toContain(not);
});
