/** JSON as editors and compilers write it: its comments become blank, so that offsets stay true. */
export function withoutComments(text: string): string {
  if (!/^\s*(?:\/[/*]|[[{])/.test(text) || !/\/[/*]/.test(text)) return text;
  return text.replace(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\//g, (found) =>
    found.startsWith('"') ? found : found.replace(/[^\n]/g, ' '),
  );
}
