/** Web addresses within a line of text. */

export interface TextPart {
  readonly text: string;
  /** Where the text leads, if it is an address: always `http:` or `https:`. */
  readonly href?: string;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"“”]+/gi;
/** What ends a sentence around an address rather than the address. */
const TRAILING = /[.,;:!?'’…»]+$/;
const BRACKETS: readonly (readonly [string, string])[] = [
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
];

/** `text` in parts, in order and complete. */
export function splitLinks(text: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    const href = hrefOf(address);
    if (!href) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push({ text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

/** Without the sentence's own signs: "(see http://a.b/c)." leads to http://a.b/c, but http://a.b/c_(d) keeps its end. */
function trimmed(found: string): string {
  let address = found;
  for (;;) {
    const shorter = address.replace(TRAILING, "");
    const unmatched = BRACKETS.some(
      ([open, close]) => shorter.endsWith(close) && count(shorter, close) > count(shorter, open),
    );
    const next = unmatched ? shorter.slice(0, -1) : shorter;
    if (next === address) return address;
    address = next;
  }
}

const count = (text: string, sign: string): number => text.split(sign).length - 1;

function hrefOf(address: string): string | null {
  if (!URL.canParse(address)) return null;
  const { protocol, href, username, password } = new URL(address);
  // http://bank.example@evil.example looks like what it is not.
  if (username || password) return null;
  return protocol === "http:" || protocol === "https:" ? href : null;
}
