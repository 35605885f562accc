/** The command line: what stands in it, what was typed before, what Tab offers. */
import type { CommandInfo } from "@mythgate/sdk";
import { create } from "zustand";
import { type Completion, complete } from "./completion.ts";
import { type History, historyOf, newer, older, remember, shownLine } from "./history.ts";
import { session } from "./login.ts";
import { send, usePlay } from "./play.ts";
import { isRecord, load, save, tabStorage } from "./storage.ts";

const KEY = "mythgate.input";

interface Offer extends Completion {
  /** Index of the candidate in the input, -1 before the first Tab. */
  readonly chosen: number;
}

interface InputState {
  readonly text: string;
  readonly history: History;
  readonly commands: readonly CommandInfo[];
  readonly offer: Offer | null;
}

function restored(): Pick<InputState, "text" | "history"> {
  const kept = load(tabStorage, KEY, isRecord) ?? {};
  const lines = Array.isArray(kept.lines) ? kept.lines.filter((line) => typeof line === "string") : [];
  return { text: typeof kept.text === "string" ? kept.text : "", history: historyOf(lines) };
}

export const useInput = create<InputState>(() => ({ ...restored(), commands: [], offer: null }));

useInput.subscribe((state, before) => {
  if (state.text !== before.text || state.history.lines !== before.history.lines) {
    save(tabStorage, KEY, { text: state.text, lines: state.history.lines });
  }
});

export async function loadCommands(): Promise<void> {
  try {
    useInput.setState({ commands: await session.commands() });
  } catch {
    // Without the list, names and directions still complete; the next entering tries again.
  }
}

export function type(text: string): void {
  useInput.setState({ text, offer: null });
}

export function submit(): void {
  const { text, history } = useInput.getState();
  const line = text.trim();
  if (!line || !send(line)) return;
  useInput.setState({ text: "", history: remember(history, line), offer: null });
}

export function recallOlder(): void {
  const { history, text } = useInput.getState();
  recall(older(history, text));
}

export function recallNewer(): void {
  recall(newer(useInput.getState().history));
}

function recall(history: History): void {
  useInput.setState({ history, text: shownLine(history), offer: null });
}

/**
 * Complete the input; again to see the next candidate.
 * @returns false if there is nothing to complete, so that Tab may move the focus as usual.
 */
export function completeNext(backwards = false): boolean {
  const { text, offer, commands } = useInput.getState();
  if (!offer && text.trim() === "") return false;
  const current = offer ?? { ...complete(text, usePlay.getState().game, commands), chosen: -1 };
  const count = current.candidates.length;
  if (count === 0) return false;
  const chosen = current.chosen < 0 && backwards ? count - 1 : (current.chosen + (backwards ? -1 : 1) + count) % count;
  const only = count === 1;
  useInput.setState({
    text: `${current.head}${current.candidates[chosen] ?? ""}${only ? " " : ""}`,
    offer: only ? null : { ...current, chosen },
  });
  return true;
}

/** Go to the command line once the menu this was chosen from has given the focus back to its button. */
export function returnToCommandLine(): void {
  setTimeout(focusCommandLine, MENU_CLOSES_MS);
}

/** Put `text` there for the player to go on with, e.g. "whisper Ada ". */
export function prepare(text: string): void {
  useInput.setState({ text, offer: null });
  returnToCommandLine();
}

const MENU_CLOSES_MS = 60;

export const COMMAND_LINE_ID = "command-line";

export function focusCommandLine(): void {
  document.getElementById(COMMAND_LINE_ID)?.focus();
}

/** Be ready for the next line, except on a touch screen: the keyboard would cover half of what there is to read. */
export function awaitNextLine(): void {
  if (window.matchMedia("(pointer: fine)").matches) returnToCommandLine();
}
