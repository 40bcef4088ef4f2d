import { describe, expect, it } from 'vitest';
import { TargetMemory } from '../../../src/ui/editor/target-memory.ts';

describe('the last target', () => {
  it('is remembered by its names alone, and forgotten when what is stored is not one', () => {
    const stored = new Map<string, unknown>();
    const memory = new TargetMemory({
      get: (key) => stored.get(key),
      update: async (key, value) => void stored.set(key, value),
    });
    expect(memory.last()).toBeNull();
    memory.remember({ context: 'prod', namespace: 'shop', server: 'https://x', fingerprint: 'f' });
    expect(memory.last()).toEqual({ context: 'prod', namespace: 'shop' });
    expect(JSON.stringify([...stored])).not.toContain('https://x');
    stored.set([...stored.keys()][0]!, 'nonsense');
    expect(memory.last()).toBeNull();
  });
});
