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
