/** Prompts that come with Stratus, each a file of the folder `prompts`. */
export const PROMPTS = [
  'detection', 'diagnosis', 'second-opinion', 'mitigation', 'reflection', 'ranking', 'summary', 'nl2kubectl',
] as const; // prettier-ignore
export type PromptName = (typeof PROMPTS)[number];

/** Text of each prompt: what the model is, then a line `=== user ===`, then what it is asked. */
export type PromptSet = Readonly<Record<PromptName, string>>;

const HALVES = '\n=== user ===\n';
const PLACE = /\{\{([a-z]+)\}\}/g;

/**
 * A prompt with its places filled in. What is filled in is not looked at for places again.
 * @throws Error when a place has no value, a value has no place, or the prompt has no second half
 */
export function render(
  prompts: PromptSet,
  name: PromptName,
  values: Readonly<Record<string, string>>,
): { system: string; user: string } {
  const halves = prompts[name].split(HALVES);
  const [system, user] = halves;
  if (halves.length !== 2 || system === undefined || user === undefined)
    throw new Error(`prompt '${name}' has no line '=== user ==='`);
  const used = new Set<string>();
  const fill = (text: string): string =>
    text.replace(PLACE, (_, place: string) => {
      const value = values[place];
      if (value === undefined) throw new Error(`prompt '${name}' asks for {{${place}}}, which is not known`);
      used.add(place);
      return value;
    });
  const rendered = { system: fill(system).trim(), user: fill(user).trim() };
  const unused = Object.keys(values).filter((place) => !used.has(place));
  if (unused.length > 0) throw new Error(`prompt '${name}' has no place for ${unused.join(', ')}`);
  return rendered;
}
