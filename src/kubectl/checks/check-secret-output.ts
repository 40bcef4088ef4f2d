import { lastFlag } from '../parse.ts';
import type { Check } from '../problem.ts';
import { mayTouchSecrets } from '../secret-words.ts';

const TEMPLATES = /^(go-template|template|jsonpath|custom-columns)/;

/** Output that prints chosen parts of a Secret. The gateway hides the values whatever the form; this says so at once. */
export const checkSecretOutput: Check = ({ parsed }) => {
  if (parsed.help) return [];
  const output = lastFlag(parsed, 'output');
  const use = output && TEMPLATES.test(output.value) ? output : lastFlag(parsed, 'template');
  if (!use || !mayTouchSecrets(parsed)) return [];
  return [
    {
      rule: 'secret-template',
      first: use.index,
      last: use.valueIndex,
      message: `-o ${use.name === 'output' ? use.value.split('=')[0] : use.name} could print parts of a Secret; use -o yaml or describe, in which values are hidden and keys are shown`,
    },
  ];
};
