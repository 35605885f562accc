/** Style codes of the old game clients: a bar and a letter. */

export interface StyledPart {
  readonly text: string;
  readonly bold: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
}

const CODE = /\|([pbilrcsu])/gi;

/** `styled` in parts of one style each. A style lasts to the end of the line. */
export function styledParts(styled: string): StyledPart[] {
  const parts: StyledPart[] = [];
  let style = { bold: false, italic: false, underline: false };
  let at = 0;
  const take = (end: number) => {
    if (end > at) parts.push({ text: styled.slice(at, end), ...style });
  };
  for (const code of styled.matchAll(CODE)) {
    take(code.index);
    at = code.index + code[0].length;
    style = restyled(style, (code[1] ?? "").toLowerCase());
  }
  take(styled.length);
  return parts;
}

type Style = Omit<StyledPart, "text">;

function restyled(style: Style, letter: string): Style {
  switch (letter) {
    case "p":
      return { bold: false, italic: false, underline: false };
    case "b":
      return { ...style, bold: true };
    case "i":
      return { ...style, italic: true };
    case "u":
      return { ...style, underline: true };
    default:
      return style;
  }
}
