import { printJson } from '../../json/lossless-json.ts';
import type { WriteSubject } from './write-subject.ts';

/** Same request, same pre-image: same result. */
export function predictionKey(subject: WriteSubject): string {
  const { target, body, before, verb } = subject;
  return printJson([
    verb,
    target.path,
    target.query.toString(),
    body.form,
    body.value,
    before?.metadata.resourceVersion ?? null,
  ]);
}
