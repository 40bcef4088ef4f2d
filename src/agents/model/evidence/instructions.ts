import { revealed } from './revealed-text.ts';

/** Why a text looks as if it were written for a model. */
export type InstructionSign =
  | 'ignore-rules'
  | 'new-role'
  | 'role-marker'
  | 'tool-call'
  | 'command-to-reader'
  | 'addresses-model'
  | 'secrecy'
  | 'exfiltration'
  | 'hidden-text';

export interface SeenInstruction {
  sign: InstructionSign;
  /** What was seen, as it reads once it is decoded; at most 120 characters. */
  text: string;
}

/** The reader of a log is told this by nobody but who wants to talk to a model. */
const RULE_WORDS =
  'instructions?|prompts?|rules?|guidelines?|directions?|guardrails?|safety (?:rules|settings)|system (?:message|prompt)|restrictions?';
const PATTERNS: readonly [InstructionSign, RegExp][] = [
  [
    'ignore-rules',
    new RegExp(
      `\\b(?:ignore|disregard|forget|override|bypass|overrule|do not follow|don't follow|stop following)\\b[^.\\n]{0,40}\\b(?:previous|prior|above|earlier|all|any|your|these|the|existing|original|system)\\b[^.\\n]{0,30}\\b(?:${RULE_WORDS})\\b`,
      'i',
    ),
  ],
  ['ignore-rules', /\b(?:ignore|disregard|forget) (?:everything|anything|all(?: of)?(?: that| this)?) (?:above|before|you (?:were|have been) told|said)\b/i],
  ['ignore-rules', /\b(?:ignoriere?|vergiss|missachte)\b[^.\n]{0,40}\b(?:anweisung|vorgabe|regel|anleitung)\w*/i],
  ['ignore-rules', /\b(?:ignore[zr]?|oublie[zr]?)\b[^.\n]{0,40}\b(?:instructions?|consignes?|règles?|directives?)\b[^.\n]{0,20}\b(?:précédente?s|antérieure?s|ci-dessus)/i],
  ['ignore-rules', /\b(?:ignora|olvida|descarta|ignore|esqueça|esquece)\b[^.\n]{0,40}\b(?:instrucciones|reglas|instruções|regras|indicaciones|istruzioni|regole)\b/i],
  ['ignore-rules', /(?:игнориру\S*|забудь\S*|не следуй)[^.\n]{0,40}(?:инструкци|указани|правил)/i],
  ['ignore-rules', /(?:忽略|无视|忘记|不要理会)[^。\n]{0,20}(?:指令|指示|提示|规则|说明)|(?:以前|これまで|上記|前)の?[^。\n]{0,10}(?:指示|命令|ルール)[^。\n]{0,10}(?:無視|忘れ)|(?:이전|위의?)[^.\n]{0,10}(?:지시|명령|규칙)[^.\n]{0,10}(?:무시|잊)/],
  ['ignore-rules', /(?:تجاهل|انس)[^.\n]{0,30}(?:التعليمات|الأوامر)|(?:पिछले|उपरोक्त)[^.\n]{0,20}निर्देश[^.\n]{0,20}(?:अनदेखा|नज़रअंदाज़)/],
  ['new-role', /\b(?:you are|you're) (?:now|no longer|from now on)\b[^.\n]{0,60}\b(?:a|an|the|in|not|bound|restricted|admin|root|unrestricted|dan|assistant|agent|model|mode|operator|engineer)\b/i],
  ['new-role', /\b(?:act|behave|respond|pretend|roleplay) (?:as if you (?:are|were)|as an? (?:unrestricted|admin|root|different)|to be an?|like an?)\b/i],
  ['new-role', /\b(?:new|updated|real|actual|revised) (?:system )?(?:instructions?|prompt|objective|task for (?:you|the (?:ai|assistant|agent|model)))\s*:/i],
  ['new-role', /\b(?:enter|enable|switch to|activate) (?:developer|god|dan|jailbreak|unrestricted|admin(?:istrator)?) mode\b/i],
  ['role-marker', /<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id|tool_call)[^|]{0,20}\|>|\[\/?INST\]|<<\/?SYS>>|<(?:start|end)_of_turn>|<\/?(?:system|assistant|tool_call|function_calls|tool_response)>/i],
  ['role-marker', /(?:^|\n)\s*(?:#{1,4}\s*)?(?:system|assistant|human|developer)(?: (?:message|prompt|instruction|note|override))?\s*(?::|\n).{0,40}\b(?:you|your|must|should|always|never|execute|run|reply|respond|answer)\b/i],
  ['role-marker', /#{2,4}\s*(?:system|assistant|human|instructions?)\s*:/i],
  ['role-marker', /"role"\s*:\s*"(?:system|assistant|developer|tool)"\s*,\s*"content"/i],
  ['tool-call', /"(?:tool_calls?|function_call)"\s*:|"(?:name|tool|function)"\s*:\s*"(?:submit_plan|rehearse|kubectl(?:_\w+)?|propose_plan|get_object|delete_\w+)"|<invoke name=|<function=\w/i],
  ['command-to-reader', /\b(?:you (?:must|should|need to|have to|can|may)|please|now|immediately|first|then|assistant|agent|ai|model|llm|to (?:fix|resolve|mitigate|repair) (?:this|it|the (?:incident|issue|problem|outage)))\b[^.\n]{0,60}\b(?:run|execute|apply|issue|type|use|call|invoke)\b[^\n]{0,30}\bkubectl\s+(?:delete|drain|apply|patch|exec|scale|replace|edit|create|cordon|taint|annotate|label|rollout|set|cp|run)\b/i],
  ['command-to-reader', /\b(?:run|execute)\b[^\n]{0,30}\b(?:rm -rf|curl [^\n]{0,80}\|\s*(?:ba)?sh|wget [^\n]{0,80}\|\s*(?:ba)?sh)\b/i],
  ['command-to-reader', /\b(?:delete|drop|wipe|destroy|scale (?:down )?to (?:0|zero)|drain|remove)\b[^.\n]{0,40}\b(?:all|every|the whole|the entire)\b[^.\n]{0,30}\b(?:namespaces?|nodes?|deployments?|pods?|secrets?|volumes?|pvcs?|clusters?)\b[^.\n]{0,60}\b(?:to (?:fix|resolve|mitigate)|immediately|now|as the (?:fix|solution)|is (?:safe|approved|authorized|the (?:fix|solution)))\b/i],
  ['addresses-model', /\b(?:dear|hey|hi|hello|attention|note to|message (?:to|for)|instructions? (?:to|for)|important(?: note)? for|as an?|to (?:the|any)|if you are an?)[ ,:]{0,3}(?:the |any |an? |all )?(?:ai|llm|language model|chatbot|chat ?gpt|gpt-?\d?|claude|gemini|copilot|ai (?:assistant|agent|model|sre)|assistant|sre agent|automated agent|stratus)\b/i],
  ['addresses-model', /\b(?:ai (?:agent|assistant|model)s?|llms?|language models?|the (?:mitigation|diagnosis|detection) agent)\b[^.\n]{0,40}\b(?:must|should|shall|need to|are (?:required|instructed|ordered)|is (?:required|instructed|authorized|allowed))\b/i],
  ['addresses-model', /\b(?:this (?:plan|change|command|action)|deletion) (?:is|was|has been) (?:already |pre-?)(?:approved|authorized)\b|\b(?:no (?:need|reason) to (?:ask|wait|confirm|verify)|without (?:asking|confirmation|approval|waiting for approval|human review)|skip (?:the )?(?:approval|confirmation|rehearsal|review))\b/i],
  ['addresses-model', /\b(?:ai[ -](?:agent|assistant|model|operator|sre)|llm|language model|assistant)\s*[:,]\s*(?:(?:please|you|your|now|must|should)\s+){0,3}(?:print|show|run|execute|delete|scale|override|ignore|disregard|choose|select|call|submit|approve|include|reveal|send|fetch|post|do not|don't|never|new instructions)\b/i],
  ['addresses-model', /\b(?:do not|don't|never|without|no need to) (?:ask|asking|involve|involving|consult|consulting|wait for|waiting for) (?:for )?(?:a |an |the |any )?(?:person|human|anyone|anybody|operator|engineer|people|permission)\b/i],
  ['tool-call', /\bsubmit_(?:plan|diagnosis|detection|ranking|reflection)\b/],
  ['command-to-reader', /\b(?:ai|llm|assistant|agent|model)\b[^.\n]{0,20}\b(?:must|should|have to|need to)\b[^.\n]{0,30}\b(?:fetch|curl|wget|visit|open|post|send|upload)\b[^\n]{0,60}https?:\/\//i],
  ['exfiltration', /\b(?:print|reveal|show|output|include|send|put|leak)\b[^.\n]{0,60}\b(?:environment variables?|env vars?|passwords?|secrets?|credentials|tokens?)\b[^.\n]{0,40}\b(?:in|into|with|to) your (?:answer|reply|response|plan|diagnosis)\b/i],
  ['secrecy', /\b(?:do not|don't|never) (?:mention|tell|reveal|report|inform|show|disclose)\b[^.\n]{0,50}\b(?:user|operator|engineer|human|anyone|anybody|on-call|this (?:message|instruction|text))\b/i],
  ['exfiltration', /\b(?:print|reveal|show|output|repeat|send|post|upload|leak|include|return|exfiltrate)\b[^.\n]{0,50}\b(?:your|the|all|any|every) (?:system prompt|hidden prompt|initial prompt|instructions|api keys?|secrets?|credentials|tokens?|kubeconfig|service ?account token)\b[^.\n]{0,60}(?:\bto\b|\bat\b|https?:|verbatim|above|here|in (?:your|the) (?:answer|reply|plan|reason|response))/i],
  ['exfiltration', /\b(?:print|reveal|repeat|output|show) (?:me )?your (?:system |hidden |initial )?(?:prompt|instructions)\b/i],
]; // prettier-ignore

const SHOWN = 120;
const LONGEST = 200_000;

/**
 * What in an untrusted text looks like instructions to a model: told to ignore its rules, to be somebody else, to run a
 * command; role marks, tool calls, and the same hidden in base64, look-alike letters or characters that do not show.
 * Empty for most texts. A guess, and no defence by itself: plans that were made after such a text was shown need a
 * person. Programs that tell people what to do ("please run `kubectl describe`", "run npm audit fix") are left alone while the command
 * only reads, or is none of kubectl's; a write that the reader is told to make is not.
 */
export function instructionsIn(text: string): SeenInstruction[] {
  const seen = new Map<string, SeenInstruction>();
  for (const { text: shown, hidden } of revealed(text.slice(0, LONGEST))) {
    for (const [sign, pattern] of PATTERNS) {
      const found = pattern.exec(shown);
      if (!found) continue;
      const quoted = found[0].replace(/\s+/g, ' ').trim().slice(0, SHOWN);
      if (!seen.has(sign)) seen.set(sign, { sign, text: quoted });
      if (hidden && !seen.has('hidden-text'))
        seen.set('hidden-text', { sign: 'hidden-text', text: `${hidden}: ${quoted}`.slice(0, SHOWN) });
    }
  }
  return [...seen.values()];
}
