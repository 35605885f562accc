/** Tournaments, results and ladders in words. */
import type { NewTournament, Pairing, ResultCard, ResultLine, TournamentCard } from "@mythgate/sdk";
import { GAME_TYPES } from "./lobby.ts";

export const STATES: Readonly<Record<TournamentCard["state"], string>> = {
  signup: "sign-up",
  running: "under way",
  finished: "over",
  cancelled: "cancelled",
};

/** The pairings, round by round, in the order they stand under each other. */
export function roundsOf(bracket: readonly Pairing[]): readonly (readonly Pairing[])[] {
  const rounds: Pairing[][] = [];
  for (const pairing of [...bracket].sort((one, other) => one.round - other.round || one.slot - other.slot)) {
    const round = rounds[pairing.round - 1] ?? [];
    round.push(pairing);
    rounds[pairing.round - 1] = round;
  }
  return rounds;
}

/** "Final", "Semi-finals", "Round 1". */
export function roundName(round: number, rounds: number): string {
  const before = rounds - round;
  return before === 0 ? "Final" : before === 1 ? "Semi-finals" : `Round ${round}`;
}

/** Who stands in a pairing. In the first round nobody is nobody; later it is open who it will be. */
export function contestant(card: TournamentCard, pairing: Pairing, number: number): string {
  if (number === 0) return pairing.round === 1 ? "nobody" : "open";
  return card.entrants.find((one) => one.number === number)?.name ?? `#${number}`;
}

/** Whether the two can play now. */
export const isOpen = ({ first, second, winner }: Pairing): boolean => first > 0 && second > 0 && winner === 0;

/** What the places win, as announced. */
export const prizesOf = ({ prize_pool, prize_shares }: TournamentCard): readonly number[] =>
  prize_pool > 0 ? prize_shares.map((share) => Math.floor((prize_pool * share) / 100)).filter(Boolean) : [];

export interface TournamentForm {
  readonly name: string;
  readonly slot: string;
  readonly roomId: string;
  /** As the browser's field has it, in the reader's own time zone. */
  readonly startsAt: string;
  readonly minPlayers: string;
  readonly maxPlayers: string;
  readonly prizePool: string;
  readonly secondShare: string;
}

/** What the form says, for the server, which judges it; a time that is none is left empty. */
export function tournamentOf(form: TournamentForm): NewTournament {
  const starts = new Date(form.startsAt);
  const second = whole(form.secondShare);
  return {
    name: form.name.trim(),
    slot: whole(form.slot),
    room_id: whole(form.roomId),
    starts_at: Number.isNaN(starts.getTime()) ? "" : starts.toISOString(),
    min_players: whole(form.minPlayers),
    max_players: whole(form.maxPlayers),
    prize_pool: whole(form.prizePool),
    prize_shares: second > 0 ? [100 - second, second] : [100],
  };
}

const whole = (text: string): number => Math.trunc(Number(text)) || 0;

/** A ladder by its name on the server: `unranked`, `ranked`, `ranked:3`. */
export function categoryName(category: string): string {
  if (category === "ranked") return "All ranked";
  if (category === "unranked") return "Unranked";
  const type = Number(category.split(":")[1]);
  return GAME_TYPES[type] ?? category;
}

/** The sides of a result, the winners first, spectators last. */
export function sidesOf({ players }: ResultCard): readonly (readonly ResultLine[])[] {
  const sides = new Map<number, ResultLine[]>();
  for (const line of players) sides.set(line.side, [...(sides.get(line.side) ?? []), line]);
  const place = (side: readonly ResultLine[]) => side[0]?.place || Number.MAX_SAFE_INTEGER;
  return [...sides.values()].sort((one, other) => place(one) - place(other));
}

const OUTCOMES: Readonly<Record<string, string>> = { win: "won", loss: "lost", tie: "tied" };

/** "won", "lost", "tied", or that it counts for nothing. */
export const outcomeOf = ({ outcome, place }: ResultLine): string =>
  OUTCOMES[outcome] ?? (place === 0 ? "watched" : "played");

/** Why a result counts or does not; empty where there is nothing to say. */
export function verdictOf({ verdict, agreeing, heard }: ResultCard): string {
  if (verdict === "disputed") return `disputed: only ${agreeing} of ${heard} reports agree, it counts for nothing`;
  return verdict === "unreported" ? "nobody reported how it ended" : "";
}
