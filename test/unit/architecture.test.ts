import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mermaid } from '../../src/domain/machine-drawing.ts';

describe('ARCHITECTURE.md', () => {
  it('shows the state machine as it is (UPDATE=1 redraws it)', () => {
    const file = join(import.meta.dirname, '..', '..', 'ARCHITECTURE.md');
    const text = readFileSync(file, 'utf8');
    const drawn = /(<!-- machine:begin -->\n)[^]*?(<!-- machine:end -->)/;
    const wanted = text.replace(
      drawn,
      (_, begin: string, end: string) => `${begin}\`\`\`mermaid\n${mermaid()}\n\`\`\`\n${end}`,
    );
    if (process.env.UPDATE) writeFileSync(file, wanted);
    else expect(text).toBe(wanted);
  });
});
