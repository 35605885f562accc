/** What the console says of an act that is done. It stands there for a moment and is read aloud. */
import { create } from "zustand";

export const TOLD_MS = 8_000;

interface Told {
  readonly text: string;
  /** Rises with every message, so that the same words twice are two. */
  readonly number: number;
}

export const useTold = create<Told>(() => ({ text: "", number: 0 }));

let timer: ReturnType<typeof setTimeout> | undefined;

export function tell(text: string): void {
  clearTimeout(timer);
  useTold.setState(({ number }) => ({ text, number: number + 1 }));
  timer = setTimeout(hush, TOLD_MS);
}

/** It has been read. */
export function hush(): void {
  clearTimeout(timer);
  useTold.setState({ text: "" });
}
