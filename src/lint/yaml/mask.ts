import { DYNAMIC } from '../../kubectl/flag-values.ts';

/**
 * Replaces template expressions by the same number of characters, so that offsets stay true: GitHub's `${{ … }}`,
 * Azure's `$[[ … ]]` and `$(name)` stay shell-like; Helm's and Taskfile's `{{ … }}` become one word of unknown text.
 * Lines that hold nothing but Helm control flow become blank.
 */
export function maskTemplates(text: string): string {
  if (!text.includes('{{') && !text.includes('$[[')) return text;
  return text
    .replace(
      /^[^\S\n]*\{\{-?\s*(?:\/\*|if|else|end|range|with|define|block|template|\$\w+\s*:?=|include\b(?=[^\n]*nindent)|toYaml\b)[^\n]*?\}\}[^\S\n]*$/gm,
      (line) => ' '.repeat(line.length),
    )
    .replace(/\$?\{\{(?:[^{}\n]|\{(?!\{)|\}(?!\}))*\}\}/g, (expression) => DYNAMIC.repeat(expression.length))
    .replace(/\$\[\[[^\]\n]*\]\]/g, (expression) => DYNAMIC.repeat(expression.length));
}
