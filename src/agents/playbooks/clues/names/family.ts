/** Words by which the members of a family are told apart: versions of a rollout, stages, roles, places, directions. */
const MEMBER_WORDS = new Set(
  [
    'blue green red black white yellow purple canary stable baseline preview shadow',
    'dev devel develop development test testing qa uat stage staging preprod prod production live demo sandbox',
    'primary secondary replica master slave leader follower main standby backup active passive read write reader writer',
    'old new current previous next legacy alpha beta gamma first second third',
    'east west north south central europe asia america left right top bottom upper lower',
    'public private internal external inbound outbound source target origin sink',
    'small medium large min max low high hot cold warm',
  ].flatMap((words) => words.split(' ')),
);

/** Runs of letters and of digits in lower case: `us-east-1a` is us, east, 1, a and `dbUrl` is db, url. */
export function tokensOf(name: string): string[] {
  const words = name.replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2').toLowerCase();
  return words.match(/\p{L}+|\p{N}+/gu) ?? [];
}

/** Numbers, one or two letters (a, ro, eu) and the words above say which one of a family is meant. */
export function tellsMembersApart(token: string): boolean {
  return token.length <= 2 || /^\p{N}+$/u.test(token) || MEMBER_WORDS.has(token);
}

/**
 * True for names of two things of one family, however close they look: `front-a` and `front-b`, `shop-1` and `shop-2`,
 * `web-blue` and `web-green`, `db` and `db-replica`, `zone-1a` and `zone-1b`. Neither is a misspelling of the other.
 */
export function areMembers(a: string, b: string): boolean {
  const [x, y] = [tokensOf(a), tokensOf(b)];
  if (x.join('') === y.join('')) return false;
  if (x.length !== y.length) return membersIn(x) !== membersIn(y);
  return x.some((token, index) => {
    const other = y[index]!;
    return token !== other && ((tellsMembersApart(token) && tellsMembersApart(other)) || endInMembers(token, other));
  });
}

/** A version that only one name has (`config`, `config-v2`) is left out: that is how things are renamed. */
function membersIn(tokens: string[]): string {
  return tokens
    .filter(tellsMembersApart)
    .join(' ')
    .replace(/\bv \p{N}+/gu, '')
    .trim();
}

/** `teama` and `teamb`: the first letters of the alphabet at the end of the same word. */
function endInMembers(a: string, b: string): boolean {
  const [stem, other] = [a.slice(0, -1), b.slice(0, -1)];
  return stem.length >= 3 && stem === other && /[a-d]$/.test(a) && /[a-d]$/.test(b);
}
