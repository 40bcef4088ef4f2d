import type { Severity } from '../kubectl/rules.ts';

/** One replacement of document text, in UTF-16 offsets. */
export interface TextEdit {
  start: number;
  end: number;
  text: string;
}

/** A correction. Only `safe` ones (never more effect than before) are applied by fix-all. */
export interface Fix {
  title: string;
  safe: boolean;
  edits: readonly TextEdit[];
}

/** One thing found in a document; offsets are UTF-16 units, `end` excluded. */
export interface Finding {
  rule: string;
  severity: Exclude<Severity, 'off'>;
  start: number;
  end: number;
  message: string;
  fix?: Fix;
}
