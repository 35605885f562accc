/** Commands that wait for their answer. */

export interface PendingCommand {
  readonly messageId: string;
  /** The command as typed. */
  readonly line: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Whether it was ever written to a socket; the server may then have carried it out already. */
  sent: boolean;
}

/** The server remembers command ids for 10 minutes; what was sent longer ago is not repeated. */
const REPEATABLE_MS = 9 * 60_000;

/**
 * Keeps each command until its answer arrives, so that it can be sent again over the next connection.
 * The server carries out a repeated `messageId` once.
 */
export class Outbox {
  readonly #pending = new Map<string, PendingCommand>();
  readonly #limit: number;

  constructor(limit = 50, restored: readonly PendingCommand[] = []) {
    this.#limit = limit;
    for (const command of restored.slice(-limit)) this.#pending.set(command.messageId, { ...command });
  }

  /** False if too many commands wait already. */
  add(command: PendingCommand): boolean {
    if (this.#pending.size >= this.#limit) return false;
    this.#pending.set(command.messageId, command);
    return true;
  }

  /** The answer to `messageId` arrived. */
  settle(messageId: string): boolean {
    return this.#pending.delete(messageId);
  }

  /** Forget what is too old to be repeated safely; returns what was forgotten. */
  expire(now: number): PendingCommand[] {
    const expired = this.list().filter((command) => command.sent && now - command.createdAt > REPEATABLE_MS);
    for (const command of expired) this.#pending.delete(command.messageId);
    return expired;
  }

  clear(): void {
    this.#pending.clear();
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Oldest first. */
  list(): PendingCommand[] {
    return [...this.#pending.values()];
  }
}
