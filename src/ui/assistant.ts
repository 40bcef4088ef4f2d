import * as vscode from 'vscode';
import type { StratusApp } from '../run/app.ts';
import type { OwnPlan } from '../run/brains/own-plans.ts';
import type { Target } from '../domain/target.ts';
import { messageOf } from '../domain/cluster-error.ts';
import { Participant } from './chat/participant.ts';
import { toldOfDiagnosis, toldOfRun } from './chat/told.ts';
import { OfferedTools } from './chat/tools.ts';
import type { Place } from './chat/answer.ts';
import type { AppLease } from './editor/app-loader.ts';
import type { Prompts } from './editor/prompts.ts';
import type { TargetMemory } from './editor/target-memory.ts';
import { ModelChooser } from './model/choose-model.ts';
import type { ModelKeys } from './model/model-keys.ts';
import { ModelTest } from './model/test-model.ts';
import type { OnDemand } from './on-demand.ts';
import type { IncidentSession, SessionList } from './run/incident-session.ts';
import type { Mitigation } from './run/mitigate.ts';

export { EditorModel } from './model/editor-model.ts';

export interface AssistantParts {
  app: () => Promise<StratusApp>;
  lease: () => Promise<AppLease>;
  prompts: Prompts;
  sessions: SessionList;
  memory: TargetMemory;
  keys: ModelKeys;
  keyChanged: () => void;
  mitigation: Mitigation;
  more: () => Promise<OnDemand>;
  begin: (session: IncidentSession) => Promise<void>;
}

/** What has to do with language models and other agents: a bundle of its own, made when first used. */
export interface Assistant {
  chooser: ModelChooser;
  test: ModelTest;
  participant: Participant;
  tools: OfferedTools;
}

export async function createAssistant(parts: AssistantParts): Promise<Assistant> {
  const { app, lease, prompts, sessions, memory, keys, keyChanged, mitigation, more, begin } = parts;
  const { documents, diagnose } = await more();
  const place = (): Place | null => sessions.current()?.target ?? memory.last();
  return {
    chooser: new ModelChooser({ lease, prompts, keys, keyChanged }),
    test: new ModelTest(lease, prompts, documents),
    participant: new Participant({
      run: () => {
        const session = sessions.current();
        return session ? { told: toldOfRun(session.snapshot()), place: session.target } : null;
      },
      chosen: () => memory.last(),
      diagnose: async ({ context, namespace }, signal) => {
        const { app: leased, release } = await lease();
        try {
          const target = await leased.targets.pin(context, namespace);
          return toldOfDiagnosis(target, await diagnose.look(leased, target, signal));
        } finally {
          release();
        }
      },
      changes: async () => (await app()).transactions.list(),
    }),
    tools: new OfferedTools({
      lease,
      place,
      target: async (leased) => {
        const chosen = place();
        return chosen ? leased.targets.pin(chosen.context, chosen.namespace) : null;
      },
      propose: async (target: Target, plan: OwnPlan) => {
        try {
          const session = await mitigation.start(target, plan);
          if (!session) return { problem: 'the person chose another cluster or namespace' };
          await begin(session);
          return { run: session.id };
        } catch (error) {
          return { problem: messageOf(error) };
        }
      },
    }),
  };
}

/** The part of the editor's interface that its models need. */
export const editorChatApi = vscode;
