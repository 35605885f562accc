import type { ServerEvent } from "./envelope.ts";

export interface Accepted {
  /** What may be processed now, in order. */
  readonly ready: ServerEvent[];
  /** An earlier event is missing; later ones are held back. */
  readonly gap: boolean;
}

/**
 * Puts the events of one play session into order and lets each through once.
 *
 * Knows the connection only in so far as `connectionOpened` must be called for each new one: what the
 * first event of a connection says about the numbering is believed, so that a `reset` (or a server that
 * lost its memory) starts it over.
 */
export class Sequencer {
  #lastSeq: number | null;
  #opening = true;
  readonly #heldBack = new Map<number, ServerEvent>();

  /** `lastSeq` is the last number processed in an earlier life of the page, or null. */
  constructor(lastSeq: number | null = null) {
    this.#lastSeq = lastSeq;
  }

  /** The number of the last event let through, null before the first. */
  get lastSeq(): number | null {
    return this.#lastSeq;
  }

  get heldBack(): number {
    return this.#heldBack.size;
  }

  connectionOpened(): void {
    this.#opening = true;
    this.#heldBack.clear();
  }

  accept(event: ServerEvent): Accepted {
    const number = event.sequence_number;
    if (!Number.isInteger(number) || number <= 0) return this.#answer([event]);

    const last = this.#lastSeq;
    if (this.#opening && this.#isRefusal(event)) {
      // A refused handshake is told in events of its own, which are not part of the session's numbering.
      if (last === null || number !== last + 1) return this.#answer(last !== null && number <= last ? [] : [event]);
    } else if (this.#startsOver(event)) {
      this.#heldBack.clear();
      this.#opening = false;
      this.#lastSeq = number;
      return this.#answer([event]);
    }
    this.#opening = false;

    if (last !== null && number <= last) return this.#answer([]);
    if (last !== null && number > last + 1) {
      this.#heldBack.set(number, event);
      return this.#answer([]);
    }
    this.#lastSeq = number;
    return this.#answer([event, ...this.#released()]);
  }

  /** Give up on what is missing and let through what was held back. */
  skipGap(): ServerEvent[] {
    const first = Math.min(...this.#heldBack.keys());
    if (!Number.isFinite(first)) return [];
    this.#lastSeq = first - 1;
    return this.#released();
  }

  #released(): ServerEvent[] {
    const ready: ServerEvent[] = [];
    while (this.#lastSeq !== null) {
      const next = this.#heldBack.get(this.#lastSeq + 1);
      if (!next) break;
      this.#heldBack.delete(next.sequence_number);
      this.#lastSeq = next.sequence_number;
      ready.push(next);
    }
    return ready;
  }

  #startsOver(event: ServerEvent): boolean {
    if (this.#lastSeq === null) return true;
    if (event.event_type === "reset") return this.#opening || event.sequence_number > this.#lastSeq;
    return event.event_type === "game_state" && this.#opening && event.sequence_number <= this.#lastSeq;
  }

  #isRefusal(event: ServerEvent): boolean {
    return event.event_type === "error" || event.event_type === "disconnect";
  }

  #answer(ready: ServerEvent[]): Accepted {
    return { ready, gap: this.#heldBack.size > 0 };
  }
}
