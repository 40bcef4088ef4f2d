import * as vscode from 'vscode';
import type { Look } from '../../../webview/protocol/finding-view.ts';
import type { ObjectRef } from '../../domain/kube-object.ts';
import { refLabel } from '../../domain/kube-object.ts';
import { messageOf } from '../../domain/cluster-error.ts';
import type { Target } from '../../domain/target.ts';
import { presentable, withoutCredentials } from '../../text/redact.ts';
import type { AppLease } from '../editor/app-loader.ts';
import type { FindingHandle } from '../editor/contributions.ts';
import type { Prompts } from '../editor/prompts.ts';
import type { LookDocuments } from '../views/look-documents.ts';
import { objectYaml } from '../views/object-text.ts';
import type { SessionList } from '../run/incident-session.ts';
import { looksOf } from '../run/looks-of.ts';
import { findingText } from './run-summary.ts';
import { copied } from './copied.ts';

/** Longest text that is opened. */
const LIMIT = 1_000_000;
const LOG_LINE = 1_000;

/** Objects that one cause, or one thing that is wrong, speaks of. */
export interface NamedObjects {
  what: string;
  objects: ObjectRef[];
  /** Where they are looked at. */
  target: Target;
}

export interface DoorParts {
  lease: () => Promise<AppLease>;
  prompts: Prompts;
  sessions: SessionList;
  documents: LookDocuments;
  /** What the latest diagnosis names. */
  diagnosed: () => NamedObjects[];
  /** Opens a read-only terminal. */
  terminal: (target: Target) => Promise<void>;
}

/** The ways on from a finding and its evidence: logs, events, description, object, text, terminal. All read only. */
export class EvidenceDoors {
  readonly #parts: DoorParts;

  constructor(parts: DoorParts) {
    this.#parts = parts;
  }

  /** @param evidence -1 for the finding's own object @returns why nothing was opened; empty otherwise */
  async look(run: string, findingId: string, evidence: number, look: Look): Promise<string> {
    const session = this.#parts.sessions.find(run);
    const finding = session?.finding(findingId);
    if (!session || !finding) return vscode.l10n.t('this cause is no longer shown');
    const object = evidence < 0 ? finding.object : finding.evidence[evidence]?.object;
    if (!object || !looksOf(object).includes(look)) return vscode.l10n.t('there is nothing to open here');
    await this.#open(session.target, object, look);
    return '';
  }

  /** The same about an item of severity, which may have no cause that is known. */
  async lookAt(run: string, item: string, look: Look): Promise<string> {
    const session = this.#parts.sessions.find(run);
    const object = session?.objectOfItem(item);
    if (!session || !object || !looksOf(object).includes(look)) return vscode.l10n.t('there is nothing to open here');
    await this.#open(session.target, object, look);
    return '';
  }

  /** The same about the answer of a tool that an agent called. */
  async lookAtTool(run: string, call: number, evidence: number, look: Look): Promise<string> {
    const session = this.#parts.sessions.find(run);
    const object = session?.objectOfTool(call, evidence);
    if (!session || !object || !looksOf(object).includes(look)) return vscode.l10n.t('there is nothing to open here');
    await this.#open(session.target, object, look);
    return '';
  }

  /** Opens where the trace (`signal` -1) or the series of a signal comes from, in a browser. */
  async openSource(run: string, signal: number): Promise<string> {
    const link = this.#parts.sessions.find(run)?.sourceLink(signal);
    if (!link) return vscode.l10n.t('there is nothing to open here');
    // Given as a text, which the editor takes, too: a Uri would encode the query in it anew, and another way.
    const opened = await vscode.env.openExternal(link as unknown as vscode.Uri);
    return opened ? '' : vscode.l10n.t('it was not opened');
  }

  /** Asks what to open about a finding of the Incidents view; without one about what the latest diagnosis or run names. */
  async choose(handle?: FindingHandle): Promise<void> {
    if (!handle) return this.#chooseAmong();
    const { sessions, prompts } = this.#parts;
    const session = sessions.find(handle.run);
    const finding = session?.finding(handle.finding);
    if (!session || !finding) throw new Error(vscode.l10n.t('choose a cause in the Incidents view first'));
    const objects = distinct([finding.object, ...finding.evidence.flatMap(({ object }) => (object ? [object] : []))]);
    const chosen = await prompts.pick<() => Promise<unknown>>({
      title: vscode.l10n.t('Open what?'),
      placeholder: finding.message,
      choices: [
        ...objects.flatMap((object) =>
          looksOf(object).map((look) => ({
            label: lookLabel(look),
            description: refLabel(object),
            value: () => this.#open(session.target, object, look),
          })),
        ),
        { label: vscode.l10n.t('Copy the cause with its evidence'), value: () => copied(findingText(finding)) },
        {
          label: vscode.l10n.t('Terminal, read only'),
          description: `${session.target.namespace} @ ${session.target.context}`,
          value: () => this.#parts.terminal(session.target),
        },
      ],
    });
    await chosen?.();
  }

  async #chooseAmong(): Promise<void> {
    const { sessions, prompts, diagnosed } = this.#parts;
    const session = sessions.current();
    const ofRun = session
      ? session.findings().map(({ message, object, evidence }): NamedObjects => {
          const objects = [object, ...evidence.flatMap((one) => (one.object ? [one.object] : []))];
          return { what: message, objects, target: session.target };
        })
      : [];
    const named = [...diagnosed(), ...ofRun];
    if (named.length === 0) throw new Error(vscode.l10n.t('diagnose a namespace first: there is nothing to open yet'));
    const chosen = await prompts.pick<() => Promise<unknown>>({
      title: vscode.l10n.t('Open what?'),
      placeholder: vscode.l10n.t('Everything is read only. Type a name, or logs, events, describe, YAML'),
      choices: named.flatMap(({ what, objects, target }) =>
        distinct(objects).flatMap((object) =>
          looksOf(object).map((look) => ({
            label: lookLabel(look),
            description: refLabel(object),
            group: what,
            value: () => this.#open(target, object, look),
          })),
        ),
      ),
    });
    await chosen?.();
  }

  async copy(run: string, findingId: string): Promise<string> {
    const finding = this.#parts.sessions.find(run)?.finding(findingId);
    if (!finding) return vscode.l10n.t('this cause is no longer shown');
    await copied(findingText(finding));
    return '';
  }

  async terminal(run: string): Promise<string> {
    const session = this.#parts.sessions.find(run);
    if (!session) return vscode.l10n.t('this run has ended');
    await this.#parts.terminal(session.target);
    return '';
  }

  async #open(target: Target, object: ObjectRef, look: Look): Promise<void> {
    const { lease, documents } = this.#parts;
    const { app, release } = await lease();
    const name = `${object.kind} ${object.name}`;
    if (look === 'follow') {
      const work = (signal: AbortSignal, tell: (line: string) => void) =>
        app.looks.followLogs(target, object, signal, (line) => tell(presentable(line, LOG_LINE))).finally(release);
      await documents.follow(`${name} (following).log`, work, messageOf);
      return;
    }
    const options = {
      location: vscode.ProgressLocation.Window,
      title: vscode.l10n.t('Stratus: reading {0}', refLabel(object)),
    };
    const never = new AbortController().signal;
    try {
      const opened = await vscode.window.withProgress(options, async () => {
        switch (look) {
          case 'logs':
            return { name: `${name} logs.log`, text: await app.looks.logs(target, object, false) };
          case 'previous':
            return { name: `${name} previous logs.log`, text: await app.looks.logs(target, object, true) };
          case 'events':
            return { name: `${name} events.log`, text: await app.looks.events(target, object, never) };
          case 'describe':
            return { name: `${name} described.txt`, text: await app.looks.describe(target, object, never) };
          case 'yaml': {
            const live = await app.looks.object(target, object);
            if (!live) throw new Error(vscode.l10n.t('{0} is not there any more', refLabel(object)));
            return { name: `${name}.yaml`, text: await objectYaml(withoutCredentials(live), 'status') };
          }
        }
      });
      await documents.open({ name: opened.name, text: presentable(opened.text, LIMIT) });
    } finally {
      release();
    }
  }
}

function lookLabel(look: Look): string {
  const labels: Record<Look, string> = {
    logs: vscode.l10n.t('Logs'),
    previous: vscode.l10n.t('Logs before the last restart'),
    follow: vscode.l10n.t('Follow logs'),
    events: vscode.l10n.t('Events'),
    describe: vscode.l10n.t('Describe'),
    yaml: vscode.l10n.t('YAML'),
  };
  return labels[look];
}

function distinct(objects: ObjectRef[]): ObjectRef[] {
  return [...new Map(objects.map((object) => [refLabel(object), object])).values()];
}
