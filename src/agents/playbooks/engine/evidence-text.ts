/** Longest evidence text and message that leaves an analyzer, in UTF-16 units. */
export const EVIDENCE_LIMIT = 300;

const URL_USERINFO = /(\b[a-z][a-z0-9+.-]{0,15}:\/\/)[^\s/@]+@/gi;
const SECRET_ASSIGNMENT =
  /((?:password|passwd|pwd|secret|token|api[-_]?key|access[-_]?key|authorization|credential)[\w-]{0,40})("?\s*[:=]\s*)("[^"]*"|'[^']*'|(?:bearer|basic)\s+\S+|[^\s,;}]+)/gi;

/**
 * Makes untrusted text fit to be shown: control, formatting (bidirectional, zero-width, tag) and unpaired surrogate
 * characters are removed, white space is collapsed, the length is cut at `limit`.
 */
export function boundedText(text: unknown, limit: number = EVIDENCE_LIMIT): string {
  const clean = String(text ?? '')
    .slice(0, limit * 20)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/[\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
  if (clean.length <= limit) return clean;
  return `${clean.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** As `boundedText`, with passwords, tokens and URL credentials masked: for log lines and event messages. */
export function untrustedLine(text: unknown, limit: number = EVIDENCE_LIMIT): string {
  const bounded = boundedText(text, limit * 4);
  return boundedText(bounded.replace(URL_USERINFO, '$1***@').replace(SECRET_ASSIGNMENT, '$1$2***'), limit);
}
