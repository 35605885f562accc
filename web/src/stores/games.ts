/** Which of the hosted games are shown, and how long they go on. */
import type { HostedGameView } from "@mythgate/sdk";
import type { ToldGame } from "./lobby.ts";

export interface GameFilter {
  /** In the name, the map, what is played, the scenario, or who hosts it. */
  readonly text: string;
  readonly joinable: boolean;
}

export const ALL_GAMES: GameFilter = { text: "", joinable: false };

const order = ({ joinable, state }: HostedGameView): number =>
  joinable ? 0 : state === "listed" ? 1 : state === "running" ? 2 : 3;

/** The games that fit, those one can join first. */
export function gamesShown<G extends HostedGameView>(games: readonly G[], { text, joinable }: GameFilter): G[] {
  const wanted = text.trim().toLocaleLowerCase();
  return games
    .filter((game) => !joinable || game.joinable)
    .filter((game) =>
      [game.name, game.map_name, game.kind, game.scenario, game.host_name].some((one) =>
        (one ?? "").toLocaleLowerCase().includes(wanted),
      ),
    )
    .sort((one, other) => order(one) - order(other) || one.number - other.number);
}

/** Minutes and seconds, hours from the first one on. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (part: number) => String(part).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** For how long a game has run at `now`, and what is left; null where that is not known. */
export function gameClock(game: ToldGame, now: number): { run: number | null; left: number | null } {
  const since = game.told ? Math.max(0, (now - Date.parse(game.told)) / 1000) : 0;
  const { elapsed_seconds: run = null, seconds_left: left = null } = game;
  return {
    run: run === null ? null : run + since,
    left: left === null ? null : Math.max(0, left - since),
  };
}
