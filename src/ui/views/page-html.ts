export interface PageParts {
  script: string;
  style: string;
  /** Source that styles may come from, as the editor names it. */
  cspSource: string;
  /** Fresh for each render. */
  nonce: string;
  language: string;
  title: string;
}

/** The run view's document. Scripts only with the nonce, styles only from our folder, nothing else at all. */
export function pageHtml({ script, style, cspSource, nonce, language, title }: PageParts): string {
  const policy = `default-src 'none'; style-src ${cspSource}; script-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'`;
  return `<!DOCTYPE html>
<html lang="${escape(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${escape(style)}">
<title>${escape(title)}</title>
</head>
<body>
<main id="run"></main>
<script nonce="${escape(nonce)}" src="${escape(script)}"></script>
</body>
</html>
`;
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
