import type { SignalReading } from '../../domain/signals.ts';
import { certificate } from './certificate.ts';
import { disk } from './disk.ts';
import { errors } from './errors.ts';
import type { Answers, Ask, IncidentType, Scene } from './incident-type.ts';
import { joined } from './incident-type.ts';
import { latency } from './latency.ts';
import { oom } from './oom.ts';

/** The five types that are told by thresholds. */
export const INCIDENT_TYPES: readonly IncidentType[] = [oom, latency, errors, disk, certificate];

/** What has to be asked before {@link readIncidentTypes}; what several types need is asked once. */
export function incidentAsks(scene: Scene): Ask[] {
  const asks = INCIDENT_TYPES.flatMap((type) => type.asks(scene));
  return [...new Map(asks.map((ask) => [ask.key, ask])).values()];
}

/** @param answers by the keys of the asks; one that is missing is unknown, not well */
export function readIncidentTypes(answers: Answers, scene: Scene): SignalReading {
  return joined(INCIDENT_TYPES.map((type) => judged(type, answers, scene)));
}

/** What nobody tells of here looks like what is well, and what could not be asked says so itself. */
function judged(type: IncidentType, answers: Answers, scene: Scene): SignalReading {
  const reading = type.judge(answers, scene);
  const isBlind = !reading.series && reading.signals.length === 0 && reading.unjudged.length === 0;
  return isBlind ? { ...reading, blind: [type.kind] } : reading;
}
