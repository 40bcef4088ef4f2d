import { describe, expect, it } from 'vitest';
import { codeMarkdown, plainMarkdown } from '../../../src/ui/views/markdown-text.ts';

describe('words of a cluster as Markdown', () => {
  it('are no markup', () => {
    expect(plainMarkdown('a *b* [c](command:x) <img src=x> `d`')).toBe(
      'a \\*b\\* \\[c\\](command:x) \\<img src=x\\> \\`d\\`',
    );
  });

  it.each([
    'https://evil.example/a?b',
    '"http://x.example"',
    'file:///etc/passwd',
    'vscode://a.b/c',
    'who@mail.example',
  ])('show the address %s as code, which no preview makes a link of', (address) => {
    expect(plainMarkdown(`Head ${address} failed`)).toBe(`Head ${codeMarkdown(address)} failed`);
  });

  it('leave no code span open', () => {
    expect(plainMarkdown('see https://x.example/`](command:quit) now')).toBe(
      "see `https://x.example/'](command:quit)` now",
    );
  });
});
