import { readEnvelope, readStringMap } from '../wire/protobuf.ts';
import type { SecretScrubber } from './secret-scrubber.ts';

/** Fields `data` and `stringData` of a Secret of core/v1. */
const VALUE_FIELDS = [2, 4];

/** Learns the values of a Secret in protobuf, as kubectl create sends it; of what is no Secret it learns nothing. */
export function learnProtobufSecret(bytes: Buffer, scrubber: SecretScrubber): void {
  try {
    const { kind, raw } = readEnvelope(bytes);
    if (kind !== 'Secret') return;
    for (const field of VALUE_FIELDS) {
      for (const value of readStringMap(raw, field)) scrubber.learnText(value.toString('utf8'));
    }
  } catch {
    // The server tells what is wrong with it.
  }
}
