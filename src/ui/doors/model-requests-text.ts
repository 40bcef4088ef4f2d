import type { ModelCall } from '../../domain/budget.ts';
import { costText, dollars, grouped, modelText, spendOf, spendText } from '../../domain/model-spend.ts';
import type { AgentName, RunEvent } from '../../domain/run-event.ts';
import { presentable } from '../../text/redact.ts';

/** Longest body that is shown, in characters. */
const BODY = 200_000;

const ROLES: Record<AgentName, string> = {
  detection: 'health',
  diagnosis: 'cause',
  mitigation: 'change',
  undo: 'undo',
};

type Usage = Extract<RunEvent, { type: 'usage' }>;

/**
 * Every call of a model in a run, as plain text: role, purpose, model, tokens, cost, time and the digests of what was
 * sent and answered; the bodies, redacted, where the run kept them.
 */
export function modelRequestsText(run: string, events: readonly RunEvent[]): string {
  const calls = events.filter((event) => event.type === 'usage');
  const spend = spendOf(events);
  const started = events.find((event) => event.type === 'started');
  const head = [
    `Model requests of ${run}`,
    ...(started ? [`${started.target.namespace} @ ${started.target.context}`] : []),
  ];
  if (calls.length === 0) return lines([...head, '', 'No model was asked in this run.']);
  const unkept = calls.every(({ call }) => call?.requestText === undefined && call?.answerText === undefined);
  return lines([
    ...head,
    spend.models.map(modelText).join(', '),
    spendText(spend.total),
    ...spend.roles.map((role) => `  ${ROLES[role.agent]}: ${spendText(role)}`),
    ...(unkept
      ? [
          '',
          'What was sent and answered was not kept, only its digests (SHA-256): see the setting for models that keeps them.',
        ]
      : []),
    ...calls.flatMap((call, index) => callLines(call, index + 1, started?.at ?? call.at)),
  ]);
}

function callLines(usage: Usage, number: number, start: number): string[] {
  const { at, agent, model, scripted = false, tokensIn, tokensOut, usd, estimated, call } = usage;
  const seconds = ((at - start) / 1_000).toFixed(1);
  const who = agent ? ROLES[agent] : 'no role';
  const about = estimated ? 'about ' : '';
  const cost = usd === null ? costText({ usd: 0, unpriced: 1, calls: 1 }) : dollars(usd);
  return [
    '',
    `#${number} ${who}: ${call ? presentable(call.purpose, 200) : 'purpose not noted'}`,
    `  after     ${seconds} s${call ? `, took ${(call.milliseconds / 1_000).toFixed(1)} s` : ''}`,
    `  model     ${presentable(modelText({ name: model, scripted }), 200)}`,
    `  tokens    ${about}${grouped(tokensIn)} read, ${grouped(tokensOut)} written`,
    `  cost      ${cost}`,
    ...(call ? bodyLines(call) : []),
  ];
}

function bodyLines({ request, answer, requestText, answerText, problem }: ModelCall): string[] {
  return [
    ...(problem === undefined ? [] : [`  failed    ${presentable(problem, 500)}`]),
    `  request   sha256 ${request}`,
    ...indented(requestText),
    `  answer    sha256 ${answer}`,
    ...indented(answerText),
  ];
}

function indented(body: string | undefined): string[] {
  return body === undefined
    ? []
    : presentable(body, BODY)
        .split('\n')
        .map((line) => `    | ${line}`);
}

function lines(all: string[]): string {
  return `${all.map((line) => line.trimEnd()).join('\n')}\n`;
}
