/** A text as somebody would read it who looks through what hides it. */
export interface Revealed {
  text: string;
  /** How it was hidden; empty for the text as it stands. */
  hidden: string;
}

const UNSEEN = /[\p{Cf}\p{Co}\p{Cn}\u115f\u1160\u3164\uffa0\ufe00-\ufe0f]/gu;
/** Tag characters spell ASCII that nobody sees. */
const TAGS = /[\u{e0020}-\u{e007e}]{4,}/gu;
const BASE64 = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,8192}={0,2}/g;
const ESCAPES = /(?:\\u00[2-7][0-9a-f]|\\x[2-7][0-9a-f]|%[2-7][0-9a-f]){6,}/gi;
const HEX = /(?<![0-9a-f])(?:[2-7][0-9a-f]){16,2048}(?![0-9a-f])/gi;
const DECODED = 40;
/** Four words or more in one name: of an object, a variable, a reason. */
const SENTENCE_NAME = /\b[A-Za-z]{2,}(?:[_-][A-Za-z]+){3,}\b|\b(?:[A-Z][a-z]+){4,}\b/g;

/** Letters of other scripts that look like ours (Unicode Technical Standard #39, confusables). */
const LOOKALIKES: Readonly<Record<string, string>> = {
  а: 'a', е: 'e', о: 'o', р: 'p', с: 'c', у: 'y', х: 'x', і: 'i', ј: 'j', ѕ: 's', ԁ: 'd', ɡ: 'g', һ: 'h', ӏ: 'l', ո: 'n', ս: 'u',
  ѵ: 'v', ԝ: 'w', к: 'k', м: 'm', т: 't', в: 'b', н: 'h', А: 'A', В: 'B', Е: 'E', К: 'K', М: 'M', Н: 'H', О: 'O', Р: 'P', С: 'C',
  Т: 'T', Х: 'X', І: 'I', Ѕ: 'S', Ј: 'J', α: 'a', ο: 'o', ν: 'v', ι: 'i', ρ: 'p', τ: 't', υ: 'u', κ: 'k', ε: 'e', Α: 'A', Β: 'B',
  Ε: 'E', Ι: 'I', Κ: 'K', Μ: 'M', Ν: 'N', Ο: 'O', Ρ: 'P', Τ: 'T', Υ: 'Y', Χ: 'X',
}; // prettier-ignore

/** The text itself, and what comes out when characters that do not show, look-alike letters and usual codes are undone. */
export function revealed(text: string): Revealed[] {
  const found: Revealed[] = [{ text, hidden: '' }];
  const add = (shown: string, hidden: string) => {
    if (shown !== '' && !found.some((one) => one.text === shown)) found.push({ text: shown, hidden });
  };
  const tags = [...text.matchAll(TAGS)].map(([run]) =>
    [...run].map((each) => String.fromCharCode(each.codePointAt(0)! - 0xe0000)).join(''),
  );
  add(tags.join('\n'), 'tag characters');
  const seen = text.replace(UNSEEN, '');
  add(seen, 'characters that do not show');
  const plain = [...seen.normalize('NFKC')].map((each) => LOOKALIKES[each] ?? each).join('');
  // A text in another script is no disguise: only one whose words mix both is.
  if (/[a-z][^\s\u0000-\u007f]|[^\s\u0000-\u007f][a-z]|[\uff21-\uff5a]{2}/i.test(seen))
    add(plain, 'look-alike letters');
  add(seen.replace(/(?<=\b\w)[ .\-_*](?=\w\b)/g, ''), 'spaced letters');
  add(leet(seen), 'digits for letters');
  add(turned(seen), 'turned-round text');
  add(sentencesIn(seen), 'a sentence for a name');
  for (const [code] of [...text.matchAll(BASE64)].slice(0, DECODED)) add(fromBase64(code), 'base64');
  for (const [code] of [...text.matchAll(HEX)].slice(0, DECODED)) add(fromHex(code), 'hexadecimal');
  add(
    text.replace(ESCAPES, (run) =>
      run.replace(/\\u00|\\x|%/gi, '').replace(/../g, (pair) => String.fromCharCode(parseInt(pair, 16))),
    ),
    'escapes',
  );
  add(
    text.replace(/&#(?:x([0-9a-f]{2})|(\d{2,3}));/gi, (_, hex?: string, dec?: string) =>
      String.fromCharCode(hex ? parseInt(hex, 16) : Number(dec)),
    ),
    'character references',
  );
  return found;
}

function sentencesIn(text: string): string {
  const names = (text.match(SENTENCE_NAME) ?? []).map((name) =>
    name.replace(/[_-]/g, ' ').replace(/(?<=[a-z])(?=[A-Z])/g, ' '),
  );
  return [...new Set(names)].join('\n');
}

function leet(text: string): string {
  if (!/[a-z][0134570@$][a-z]/i.test(text)) return '';
  const letters: Readonly<Record<string, string>> = {
    '0': 'o',
    '1': 'i',
    '3': 'e',
    '4': 'a',
    '5': 's',
    '7': 't',
    '@': 'a',
    $: 's',
  };
  return text.replace(/[013457@$](?=[a-z])|(?<=[a-z])[013457@$]/gi, (each) => letters[each] ?? each);
}

function turned(text: string): string {
  return /\b(?:snoitcurtsni|tpmorp|erongi|eteled|ltcebuk)\b/i.test(text) ? [...text].reverse().join('') : '';
}

function fromBase64(code: string): string {
  return readable(Buffer.from(code.replaceAll('-', '+').replaceAll('_', '/'), 'base64').toString('utf8'));
}

function fromHex(code: string): string {
  return readable(Buffer.from(code, 'hex').toString('latin1'));
}

/** Empty for bytes that are no text. */
function readable(text: string): string {
  const plain = text.replace(/[^\p{L}\p{N}\p{P}\p{S}\s]/gu, '');
  return text.length >= 12 && plain.length >= text.length * 0.95 && /\s/.test(text) && !text.includes('\ufffd')
    ? text
    : '';
}
