/** Asks for something again and again: less often while it fails, not at all while nobody looks. */
import { explain } from "./login.ts";

export interface Problem {
  readonly message: string;
  readonly hint: string;
}

export interface Reading<T> {
  /** The last answer; it stays while later questions fail. */
  readonly value: T | null;
  readonly problem: Problem | null;
  /** Whether an answer is awaited. */
  readonly busy: boolean;
}

export interface PollOptions<T> {
  readonly read: () => Promise<T>;
  /** Between an answer and the next question; null: ask only when told to. */
  readonly everyMs: number | null;
  readonly onChange: (reading: Reading<T>) => void;
  /** Whether somebody looks. */
  readonly isWatched?: () => boolean;
}

/** After failures the wait doubles up to this. */
export const LONGEST_WAIT_MS = 60_000;

export class Poll<T> {
  readonly #options: PollOptions<T>;
  #reading: Reading<T> = { value: null, problem: null, busy: false };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  /** Number of the last question; answers to earlier ones are dropped. */
  #asked = 0;
  #isOver = false;

  constructor(options: PollOptions<T>) {
    this.#options = options;
  }

  /** Ask at once, whatever the timer says. */
  ask = async (): Promise<void> => {
    if (this.#isOver) return;
    clearTimeout(this.#timer);
    this.#asked += 1;
    const mine = this.#asked;
    this.#become({ busy: true });
    try {
      const value = await this.#options.read();
      if (mine !== this.#asked || this.#isOver) return;
      this.#failures = 0;
      this.#become({ value, problem: null, busy: false });
    } catch (error) {
      if (mine !== this.#asked || this.#isOver) return;
      this.#failures += 1;
      this.#become({ problem: explain(error), busy: false });
    }
    this.#wait();
  };

  /** Nothing is asked or told any more. */
  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    const { everyMs, isWatched = () => true } = this.#options;
    if (everyMs === null) return;
    const ms = Math.min(everyMs * 2 ** this.#failures, Math.max(everyMs, LONGEST_WAIT_MS));
    this.#timer = setTimeout(() => (isWatched() ? void this.ask() : this.#wait()), ms);
  }

  #become(change: Partial<Reading<T>>): void {
    this.#reading = { ...this.#reading, ...change };
    this.#options.onChange(this.#reading);
  }
}
