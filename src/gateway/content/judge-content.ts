import type { Verdict } from './verdict.ts';
import { PASS, refuse } from './verdict.ts';
import { judgeAccounts } from './accounts.ts';
import { judgeBinding } from './bindings.ts';
import type { ContentInput, ContentRule } from './content-input.ts';
import { judgeServiceAccount, judgeTokenSecret } from './credentials.ts';
import { judgeOwnRights } from './own-rights.ts';
import { judgePrivileges } from './privileges.ts';
import { judgeRole } from './roles.ts';
import { judgeFinalizers, judgeNamespace, judgeService, judgeSystemObject } from './system-objects.ts';
import { judgeVolume } from './volumes.ts';
import { judgeConversion, judgeOwnHooks, judgeWebhooks } from './webhooks.ts';

const RULES: ContentRule[] = [
  judgeSystemObject,
  judgeRole,
  judgeBinding,
  judgeOwnRights,
  judgeWebhooks,
  judgeOwnHooks,
  judgeConversion,
  judgeTokenSecret,
  judgeServiceAccount,
  judgeFinalizers,
  judgePrivileges,
  judgeAccounts,
  judgeVolume,
  judgeNamespace,
  judgeService,
];

/** Second decision, by content: what may never be changed in an object whatever the request looks like. */
export function judgeContent(input: ContentInput): Verdict {
  for (const rule of RULES) {
    const refusal = rule(input);
    if (refusal) return refuse(refusal.rule, refusal.reason);
  }
  return PASS;
}
