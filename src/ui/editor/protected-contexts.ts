/** Whether a context's name matches one of the patterns (`*` stands for anything; case does not matter). */
export function isProtected(context: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const expression = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${expression.join('.*')}$`, 'i').test(context);
  });
}
