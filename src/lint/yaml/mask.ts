import { DYNAMIC } from '../../kubectl/flag-values.ts';

/**
 * Replaces template expressions by the same number of characters, so that offsets stay true: GitHub's `${{ … }}`,
 * Azure's `$[[ … ]]` and `$(name)` stay shell-like; Helm's and Taskfile's `{{ … }}` become one word of unknown text.
 * Lines that hold nothing but Helm control flow, and Jinja's `{% … %}`,
 * become blank. An expression that is named after kubectl stands for its path.
 */
export function maskTemplates(text: string): string {
  if (!text.includes('{{') && !text.includes('$[[') && !text.includes('{%')) return text;
  return (
    text
      .replace(/^[^\S\n]*\{%[^\n]*%\}[^\S\n]*$|\{#[^\n]*?#\}/gm, (line) =>
        /%\}[^%]*\S[^%]*\{%/.test(line) ? line : ' '.repeat(line.length),
      )
      // A word of its own; but blanks at the start of a line would end a folded command.
      .replace(/(^[^\S\n]*)?(\{%(?:[^%{\n]|%(?!\})|\{(?!%))*%\})/gm, (_, start: string | undefined, control: string) =>
        start === undefined
          ? ` ${DYNAMIC.repeat(control.length - 2)} `
          : `${start}${DYNAMIC.repeat(control.length - 1)} `,
      )
      .replace(
        /^[^\S\n]*\{\{-?\s*(?:\/\*|if|else|end|range|with|define|block|template|\$\w+\s*:?=|include\b(?=[^\n]*nindent)|toYaml\b)[^\n]*?\}\}[^\S\n]*$/gm,
        (line) => ' '.repeat(line.length),
      )
      .replace(/\$?\{\{(?:[^{}\n]|\{(?!\{)|\}(?!\}))*\}\}/g, maskOf)
      .replace(/\$\[\[[^\]\n]*\]\]/g, (expression) => DYNAMIC.repeat(expression.length))
  );
}

const PROGRAM = '/kubectl';
/** `{{ kubectl }}`, `{{ .Values.kubectl_cmd }}`, `${{ env.KUBECTL }}`, also with a filter behind it. */
const NAMED_KUBECTL =
  /^\$?\{\{-?\s*(?:[\w.]*[._])?kubectl(?:_(?:cmd|command|bin|binary|path|exe|executable))?(?:\s*\|[^}]*)?\s*-?\}\}$/i;

/** An expression of a template as unknown text of the same length; one named after kubectl as its path. */
export function maskOf(expression: string): string {
  if (!NAMED_KUBECTL.test(expression)) return DYNAMIC.repeat(expression.length);
  return DYNAMIC.repeat(expression.length - PROGRAM.length) + PROGRAM;
}
