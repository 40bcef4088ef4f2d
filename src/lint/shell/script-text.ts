const MAX_NESTING = 400;

/** True if the text could run kubectl at all; a cheap test that spares parsing almost every file. */
export function mentionsKubectl(text: string): boolean {
  return /k\W{0,3}u\W{0,3}b\W{0,3}e\W{0,3}c|\boc\b|\\x6b|\/finalize\b|\bkubernetes(?:manifest)?@\d|\baction["']?\s*:\s*["']?delete\b/i.test(
    text,
  );
}

/** True for a script whose first line names a POSIX shell. */
export function isShebang(text: string): boolean {
  return /^#!.*\b(ba|da|z|k|a)?sh\b/.test(text);
}

/** Brackets deeper than the parser's recursion may go. */
export function tooDeep(text: string): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 40 || code === 123) {
      if (++depth > MAX_NESTING) return true;
    } else if (code === 41 || code === 125) depth = Math.max(0, depth - 1);
  }
  return false;
}

/** Carriage returns before line feeds are white space here; the length stays the same. */
export function withoutReturns(text: string): string {
  return text.includes('\r\n') ? text.replaceAll('\\\r\n', ' \\\n').replaceAll('\r\n', ' \n') : text;
}
