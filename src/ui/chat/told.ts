import type { RunSnapshot } from '../../../webview/protocol/run-snapshot.ts';
import { foldFindings } from '../../domain/fold-findings.ts';
import { SOURCE_TEXT } from '../../domain/finding.ts';
import { refLabel } from '../../domain/kube-object.ts';
import type { Target } from '../../domain/target.ts';
import { placeOf } from '../../domain/target.ts';
import { commandText } from '../../kubectl/command-text.ts';
import type { NamespaceDiagnosis } from '../../run/incidents.ts';
import type { FindingHandle } from '../editor/contributions.ts';

/** What a chat is told of an incident: facts with where each was read, from a run or from a look at a namespace. */
export interface Told {
  place: string;
  headline: string;
  /** What is wrong, in words. */
  wrong: string[];
  causes: ToldCause[];
  /** What a run did so far. */
  done: string[];
  /** What could not be looked at. */
  notes: string[];
}

export interface ToldCause {
  message: string;
  object: string;
  /** `spec Service/geo spec.ports[0].targetPort: 9999`. */
  evidence: { where: string; text: string }[];
  explains: string[];
  /** Commands that would mend it; empty where none is known. */
  commands: string[];
  /** Why none is known; empty where one is, or where a run tells its plan apart. */
  unfixed: string;
  /** What leads to its logs, events and objects. */
  door: FindingHandle | null;
}

export function toldOfRun(snapshot: RunSnapshot): Told {
  const { target, headline, severity, findings, plan, attempts, transactions } = snapshot;
  const waits = plan?.awaiting ? [`A plan waits for approval in the run view: ${plan.title}`] : [];
  return {
    place: placeOf(target),
    headline: headline.detail ? `${headline.title}: ${headline.detail}` : headline.title,
    wrong: severity.items.filter(({ state }) => state !== 'gone').map(({ object, message }) => `${object}: ${message}`),
    causes: findings.map((cause) => ({
      message: cause.message,
      object: cause.object,
      evidence: cause.evidence.map(({ source, object, field, text }) => ({
        where: [wordOf(source), object, field].filter(Boolean).join(' '),
        text,
      })),
      explains: cause.symptoms.map(({ message }) => message),
      commands: cause.chosen && plan ? plan.steps.map(({ command }) => command) : [],
      unfixed: cause.unfixed,
      door: { run: snapshot.run, finding: cause.id },
    })),
    done: [
      ...attempts.map(({ attempt, title, outcome, reason }) => `Attempt ${attempt}, ${title}: ${outcome}, ${reason}`),
      ...transactions.map(({ id, title, state }) => `${id}${title ? ` (${title})` : ''}: ${state}`),
      ...waits,
    ],
    notes: severity.stale ? ['Nothing was read since the undo'] : [],
  };
}

export function toldOfDiagnosis(target: Target, result: NamespaceDiagnosis): Told {
  const place = placeOf({ ...target, namespace: result.namespace });
  if ('problem' in result)
    return { place, headline: `It could not be read: ${result.problem}`, wrong: [], causes: [], done: [], notes: [] };
  const { severity, findings, hypotheses, notes } = result.diagnosis;
  const causes = foldFindings(findings, hypotheses);
  const healthy = severity.known && severity.items.length === 0 && causes.length === 0;
  return {
    place,
    headline: !severity.known
      ? `How it stands is unknown: ${severity.reason}`
      : healthy
        ? 'Nothing wrong was found'
        : causes.length === 0
          ? 'Something is wrong, and no cause was found'
          : 'Something is wrong',
    wrong: severity.known ? severity.items.map(({ message }) => message) : [],
    causes: causes.map(({ finding, symptoms }) => ({
      message: finding.message,
      object: refLabel(finding.object),
      evidence: finding.evidence.map(({ source, object, field, text }) => ({
        where: [SOURCE_TEXT[source], object ? refLabel(object) : '', field ?? ''].filter(Boolean).join(' '),
        text,
      })),
      explains: symptoms.map(({ message }) => message),
      commands: finding.fixes[0]?.commands.map((argv) => commandText(argv)) ?? [],
      unfixed: finding.fixes.length > 0 ? '' : (finding.unfixed ?? 'none that the evidence justifies'),
      door: null,
    })),
    done: [],
    notes: [...notes],
  };
}

function wordOf(source: string): string {
  return (SOURCE_TEXT as Readonly<Record<string, string>>)[source] ?? source;
}
