import type { LintLanguage } from '../languages.ts';
import { verbatim, within } from '../source-text.ts';
import { maskTemplates } from '../yaml/mask.ts';
import { yamlRegions } from '../yaml/yaml-regions.ts';
import { parseYaml } from '../yaml/yaml-tree.ts';
import { asciidocBlocks } from './asciidoc.ts';
import { crontabRegions } from './crontab.ts';
import { dockerfileRegions } from './dockerfile.ts';
import { fenceRegions } from './fences.ts';
import type { CodeBlock } from './fences.ts';
import { justfileRegions } from './justfile.ts';
import { makefileRegions } from './makefile.ts';
import { markdownBlocks } from './markdown.ts';
import { programRegions } from './program.ts';
import type { ProgramLanguage } from './program.ts';
import type { Region } from './region.ts';
import { systemdRegions } from './systemd.ts';

/** The pieces of a document that run commands. */
export function documentRegions(text: string, language: LintLanguage): Region[] {
  switch (language) {
    case 'shellscript':
      return [{ kind: 'script', source: verbatim(text) }];
    case 'yaml': {
      const masked = maskTemplates(text);
      return yamlRegions(masked, parseYaml(masked));
    }
    case 'dockerfile':
      return dockerfileRegions(text);
    case 'makefile':
      return makefileRegions(text);
    case 'justfile':
      return justfileRegions(text);
    case 'systemd':
      return systemdRegions(text);
    case 'crontab':
      return crontabRegions(text);
    case 'markdown':
      return blockRegions(markdownBlocks(text));
    case 'asciidoc':
      return blockRegions(asciidocBlocks(text));
    case 'PowerShell':
    case 'cmd':
    case 'fish':
    case 'nushell':
      return [{ kind: 'foreign', source: verbatim(text), shell: language }];
    default:
      return programRegions(text, language.slice('program:'.length) as ProgramLanguage);
  }
}

/** What people are shown to type, and examples in other languages. */
function blockRegions(blocks: readonly CodeBlock[]): Region[] {
  return blocks.flatMap((block) => {
    const shell = fenceRegions(block);
    if (shell) return shell;
    if (block.language === undefined || !/kubectl|\boc\b/.test(block.text)) return [];
    const outer = verbatim(block.text, block.start);
    return documentRegions(block.text, block.language).map((region) => ({
      ...region,
      place: 'typed',
      source: within(outer, region.source),
    }));
  });
}
