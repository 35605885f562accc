import type { HostedGameView } from "@mythgate/sdk";
import styles from "./Lobby.module.css";

/** What is hosted, and whether one can still join. */
export function Games({ games }: { readonly games: readonly HostedGameView[] }) {
  if (games.length === 0) return <p className={styles.empty}>No games are hosted here.</p>;
  return (
    <ul className={styles.list} aria-label="Games in this lobby">
      {games.map((game) => (
        <li key={game.number} className={styles.game} data-joinable={game.joinable}>
          <span className={styles.gameName}>{game.name || "A game"}</span>
          <span className={styles.mark}>{mark(game)}</span>
          <span className={styles.facts}>{facts(game).join(" · ")}</span>
        </li>
      ))}
    </ul>
  );
}

const mark = ({ joinable, state }: HostedGameView): string =>
  joinable ? "● can be joined" : state === "running" ? "▶ running" : "○ closed";

function facts(game: HostedGameView): string[] {
  const { host_name, map_name, kind, difficulty, scenario, players = 0, max_players = 0, seconds_left } = game;
  return [
    `hosted by ${host_name}`,
    map_name ? `on ${map_name}` : "",
    kind ?? "",
    difficulty ?? "",
    max_players > 0 ? `${players} of ${max_players} players` : `${players} players`,
    scenario ?? "",
    typeof seconds_left === "number" ? `${Math.ceil(seconds_left / 60)} min left` : "",
    game.has_password ? "asks for a password" : "",
    game.reachable === false ? "the host cannot be reached" : "",
  ].filter(Boolean);
}
