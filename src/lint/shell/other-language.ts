/** `kubectl` before what could be a verb or a flag, in one text or in a list of quoted words. */
const COMMAND = /\bkubectl\b["',\s]+["']?[a-z-]/;
/** What starts another program in Python, Perl, Ruby, JavaScript, PHP, Lua and awk. */
const STARTS =
  /\b(?:system|popen\d?|run|call|check_call|check_output|getoutput|Popen|sh|exec\w*|spawn\w*|execa|capture\d?|shell_exec|passthru|proc_open|getline|qx|execute)\b|`|\$\(|\|\s*"\w*sh"/;

/**
 * The word `kubectl` where a text in a language that is no shell seems to start it: on a line that starts programs, or
 * in a list of words. Undefined when there is none.
 */
export function unreadCall(text: string): { start: number; end: number } | undefined {
  let offset = 0;
  for (const line of text.split('\n')) {
    const found = /^\s*(#|\/\/)/.test(line) ? null : COMMAND.exec(line);
    if (found && STARTS.test(line)) {
      const start = offset + found.index;
      return { start, end: start + 'kubectl'.length };
    }
    offset += line.length + 1;
  }
  return undefined;
}
