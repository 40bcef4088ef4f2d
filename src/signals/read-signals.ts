import { refKey } from '../domain/kube-object.ts';
import type { Signal, SignalReading } from '../domain/signals.ts';
import { anomalyAsks, readAnomalies } from './anomalies/read-anomalies.ts';
import { forecastAsks, readForecasts } from './forecasts/read-forecasts.ts';
import type { Answers, Ask, Scene } from './incident-types/incident-type.ts';
import { joined } from './incident-types/incident-type.ts';
import { incidentAsks, readIncidentTypes } from './incident-types/incident-types.ts';

/** Everything that metrics are asked for; what several judgements need is asked once. */
export function signalAsks(scene: Scene): Ask[] {
  const asks = [...incidentAsks(scene), ...anomalyAsks(scene), ...forecastAsks(scene)];
  return [...new Map(asks.map((ask) => [ask.key, ask])).values()];
}

/** Told of instead of the others of the same object: what is there says more than a hint, or than that it will be. */
const SAID_BY: Readonly<Partial<Record<Signal['kind'], readonly Signal['kind'][]>>> = {
  anomaly: ['latency', 'errors'],
  memory: ['oom'],
  disk: ['disk'],
};

/**
 * All that metrics say: incident types, anomalies and forecasts. An anomaly or a forecast is left out where an incident of the
 * same object says it already.
 * @param answers by the keys of {@link signalAsks}; one that is missing is unknown, not well
 */
export function readSignals(answers: Answers, scene: Scene): SignalReading {
  const types = readIncidentTypes(answers, scene);
  const hints = joined([readAnomalies(answers, scene), readForecasts(answers, scene)]);
  const told = new Set(types.signals.flatMap(({ kind, object }) => (object ? [`${kind}|${refKey(object)}`] : [])));
  const isTold = ({ kind, object }: Signal): boolean =>
    object !== null && (SAID_BY[kind] ?? []).some((other) => told.has(`${other}|${refKey(object)}`));
  return joined([types, { ...hints, signals: hints.signals.filter((signal) => !isTold(signal)) }]);
}
