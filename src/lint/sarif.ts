import { LINT_RULES } from './lint-rules.ts';
import type { Finding } from './finding.ts';
import { placeFinder } from './positions.ts';
import { ruleUrl } from './rule-docs.ts';

/** The findings of one file. `path` is relative to where the report is read, with forward slashes. */
export interface FileFindings {
  path: string;
  text: string;
  findings: readonly Finding[];
}

const LEVEL = { error: 'error', warning: 'warning', information: 'note' } as const;

function region(place: ReturnType<typeof placeFinder>, start: number, end: number): object {
  const from = place(start);
  const to = place(end);
  return {
    startLine: from.line + 1,
    startColumn: from.character + 1,
    endLine: to.line + 1,
    endColumn: to.character + 1,
  };
}

/** A SARIF 2.1.0 log of one run. */
export function sarifLog(files: readonly FileFindings[], version: string): object {
  const ids = [...new Set(files.flatMap((file) => file.findings.map((finding) => finding.rule)))].sort();
  const results = files.flatMap(({ path, text, findings }) => {
    const place = placeFinder(text);
    const uri = path.split('/').map(encodeURIComponent).join('/');
    return findings.map((finding) => ({
      ruleId: finding.rule,
      ruleIndex: ids.indexOf(finding.rule),
      level: LEVEL[finding.severity],
      message: { text: finding.message },
      locations: [
        { physicalLocation: { artifactLocation: { uri }, region: region(place, finding.start, finding.end) } },
      ],
      ...(finding.fix
        ? {
            fixes: [
              {
                description: { text: finding.fix.title },
                artifactChanges: [
                  {
                    artifactLocation: { uri },
                    replacements: finding.fix.edits.map((edit) => ({
                      deletedRegion: region(place, edit.start, edit.end),
                      insertedContent: { text: edit.text },
                    })),
                  },
                ],
              },
            ],
          }
        : {}),
    }));
  });
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'stratus',
            version,
            informationUri: 'https://github.com/stratus-oncall/stratus',
            rules: ids.map((id) => ({
              id,
              shortDescription: { text: LINT_RULES[id]?.title ?? id },
              fullDescription: { text: LINT_RULES[id]?.why ?? id },
              helpUri: ruleUrl(id),
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results,
      },
    ],
  };
}
