import type { Severity } from '../kubectl/rules.ts';
import type { FileFinding, FileReport, PlaceRange } from './files/check-file.ts';
import { LINT_RULES } from './lint-rules.ts';

const LEVEL: Readonly<Record<Severity, string>> = {
  off: 'none',
  error: 'error',
  warning: 'warning',
  information: 'note',
};
const IDS = Object.keys(LINT_RULES).sort();

/** Something that could not be looked at; `path` is absent for what concerns no file. */
export interface Notification {
  path?: string;
  message: string;
}

function region({ start, end }: PlaceRange): object {
  return {
    startLine: start.line + 1,
    startColumn: start.character + 1,
    endLine: end.line + 1,
    endColumn: end.character + 1,
  };
}

const uriOf = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** The results of one file, as JSON texts. */
export function sarifResults({ path, findings }: FileReport): string[] {
  const artifactLocation = { uri: uriOf(path) };
  const result = ({ rule, severity, message, range, fix }: FileFinding): object => ({
    ruleId: rule,
    ruleIndex: IDS.indexOf(rule),
    level: LEVEL[severity],
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation, region: region(range) } }],
    ...(fix
      ? {
          fixes: [
            {
              description: { text: fix.title },
              artifactChanges: [
                {
                  artifactLocation,
                  replacements: fix.edits.map((edit) => ({
                    deletedRegion: region(edit.range),
                    insertedContent: { text: edit.newText },
                  })),
                },
              ],
            },
          ],
        }
      : {}),
  });
  return findings.map((finding) => JSON.stringify(result(finding)));
}

/** What stands before and after the results of a SARIF 2.1.0 log of one run. */
export function sarifFrame(version: string): {
  head: string;
  tail: (notifications: readonly Notification[]) => string;
} {
  const rules = IDS.map((id) => {
    const { title = id, why = id, human = 'warning' } = LINT_RULES[id] ?? {};
    return {
      id,
      shortDescription: { text: title },
      fullDescription: { text: why },
      help: { text: `${title}. ${why}`, markdown: `**${title}.** ${why}` },
      defaultConfiguration: { level: LEVEL[human], enabled: human !== 'off' },
    };
  });
  const tool = { driver: { name: 'stratus', version, rules } };
  const head = `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"tool":${JSON.stringify(tool)},"columnKind":"utf16CodeUnits","results":[`;
  const tail = (notifications: readonly Notification[]): string => {
    const told = notifications.map(({ path, message }) => ({
      level: 'error',
      message: { text: message },
      ...(path === undefined ? {} : { locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(path) } } }] }),
    }));
    const invocations = [{ executionSuccessful: told.length === 0, toolExecutionNotifications: told }];
    return `],"invocations":${JSON.stringify(invocations)}}]}\n`;
  };
  return { head, tail };
}
