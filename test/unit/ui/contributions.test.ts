import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EDITOR_LANGUAGES } from '../../../src/lint/languages.ts';
import { DOCS_COMMAND } from '../../../src/lint/rule-docs.ts';
import { LENS_COMMANDS } from '../../../src/lint/server/language-service.ts';
import {
  Command,
  ContextKey,
  LINT_LANGUAGES,
  RUN_VIEW_TYPE,
  Setting,
  SETTING_DEFAULTS,
  TreeItem,
  View,
  ViewContainer,
} from '../../../src/ui/editor/contributions.ts';

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8'));
const manifest = read('package.json');
const texts: Record<string, string> = read('package.nls.json');
const { contributes } = manifest;
const sorted = (values: Iterable<string>) => [...values].sort();

interface MenuEntry {
  command: string;
  when?: string;
}
const menus = [...Object.values(contributes.menus).flat(), ...contributes.keybindings] as MenuEntry[];
const whens = [
  ...menus.map(({ when }) => when),
  ...contributes.viewsWelcome.map(({ when }: { when?: string }) => when),
  ...contributes.walkthroughs[0].steps.flatMap((step: { completionEvents: string[] }) =>
    step.completionEvents.filter((event) => event.startsWith('onContext:')),
  ),
  ...contributes.commands.map(({ enablement }: { enablement?: string }) => enablement),
].filter((when): when is string => when !== undefined);

describe('package.json and contributions.ts', () => {
  it('name the same commands', () => {
    expect(sorted(contributes.commands.map(({ command }: { command: string }) => command))).toEqual(
      sorted(Object.values(Command)),
    );
  });

  it('name the same settings with the same defaults', () => {
    const properties: Record<string, { default: unknown }> = contributes.configuration.properties;
    const defaults = Object.fromEntries(Object.entries(properties).map(([id, { default: value }]) => [id, value]));
    expect(defaults).toEqual(SETTING_DEFAULTS);
    expect(sorted(Object.keys(properties))).toEqual(sorted(Object.values(Setting)));
  });

  it('name the same views and container', () => {
    expect(contributes.viewsContainers.activitybar.map(({ id }: { id: string }) => id)).toEqual([ViewContainer.onCall]);
    const views = contributes.views[ViewContainer.onCall].map(({ id }: { id: string }) => id);
    expect(sorted(views)).toEqual(sorted(Object.values(View)));
    for (const { view } of contributes.viewsWelcome) expect(Object.values(View)).toContain(view);
  });

  it('use only known commands in menus and links', () => {
    for (const { command } of menus) expect(Object.values(Command)).toContain(command);
    const links = Object.values(texts).flatMap((text) =>
      [...text.matchAll(/\(command:([\w.]+)\)/g)].map(([, id]) => id),
    );
    for (const id of links) expect(Object.values(Command)).toContain(id);
  });

  it('use only known context keys, views and tree items in when clauses', () => {
    const known = new Set<string>([...Object.values(ContextKey), ...Object.values(View)]);
    for (const when of whens) {
      for (const [id] of when.matchAll(/stratus\.\w+/g)) expect(known).toContain(id);
      const exact = /viewItem == ([\w.]+)/.exec(when)?.[1];
      if (exact) expect(Object.values(TreeItem)).toContain(exact);
      const pattern = /viewItem =~ \/(.+)\//.exec(when)?.[1];
      if (pattern) expect(Object.values(TreeItem).some((item) => new RegExp(pattern).test(item))).toBe(true);
    }
    expect(sorted(Object.values(ContextKey)).every((key) => whens.some((when) => when.includes(key)))).toBe(true);
  });

  it('activate for a restored run view, a link and for the documents the linter reads, never at start-up', () => {
    const linted = LINT_LANGUAGES.map((language) => `onLanguage:${language}`);
    expect(manifest.activationEvents).toEqual([`onWebviewPanel:${RUN_VIEW_TYPE}`, 'onUri', ...linted]);
    expect(sorted(LINT_LANGUAGES)).toEqual(sorted(Object.keys(EDITOR_LANGUAGES)));
  });

  it('show walkthrough pages that are there, and end their steps by known commands', () => {
    const [walkthrough] = contributes.walkthroughs;
    for (const { media, completionEvents } of walkthrough.steps) {
      expect(readFileSync(new URL(`../../../${media.markdown}`, import.meta.url), 'utf8')).toMatch(/^## /);
      for (const event of completionEvents as string[]) {
        const [kind, name] = event.split(':') as [string, string];
        if (kind === 'onCommand') expect(Object.values(Command)).toContain(name);
        // Negated, it would hold before anybody has looked.
        else expect(Object.values(ContextKey)).toContain(name);
      }
    }
  });

  it('give the links of the linter the command that opens a page', () => {
    expect(Object.values(Command)).toContain(DOCS_COMMAND);
  });

  it('give the lenses of the linter the commands they call', () => {
    expect(LENS_COMMANDS).toEqual({ rehearse: Command.rehearseCommand, run: Command.runInTransaction });
  });

  it('have texts without Markdown that the editor shows as it is', () => {
    for (const [key, text] of Object.entries(texts))
      if (/^(walkthrough|welcome)\./.test(key)) expect(text, key).not.toMatch(/`/);
  });

  it('have a text for every placeholder and no unused text', () => {
    const used = sorted(new Set([...JSON.stringify(manifest).matchAll(/%([\w.]+)%/g)].map(([, key]) => key!)));
    expect(used).toEqual(sorted(Object.keys(texts)));
  });

  it('let no workspace choose programs, credentials or permissions', () => {
    const properties: Record<string, { scope: string }> = contributes.configuration.properties;
    const guarded = [Setting.kubectlPath, Setting.kubeconfig, Setting.approval, Setting.protectedContexts];
    for (const id of guarded) expect(properties[id]!.scope).toBe('machine');
    // A hostile repository must not have a cluster's text sent to a server of its own, nor let models do more.
    const ofModels = Object.values(Setting).filter((name) => /^stratus\.(model\.|telemetry\.|brain$)/.test(name));
    expect(ofModels.length).toBeGreaterThan(10);
    for (const id of ofModels) expect(properties[id]!.scope, id).toBe('machine');
    expect(ofModels.filter((name) => /key|token$|secret|password/i.test(name))).toEqual([]);
    const { restrictedConfigurations, supported } = manifest.capabilities.untrustedWorkspaces;
    expect(supported).toBe('limited');
    // What a run does is not for a folder to say that nobody trusts yet; the linter only colours.
    const linting = /^stratus\.lint\.(enabled|codeLens|rules|protectedContexts|protectedNamespaces|kubectl)$/;
    const ofRuns = Object.values(Setting).filter((name) => !linting.test(name));
    expect([...restrictedConfigurations].sort()).toEqual(ofRuns.sort());
    expect(restrictedConfigurations).toEqual(expect.arrayContaining(guarded));
  });
});
