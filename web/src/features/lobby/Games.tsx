import type { LobbyPlayerView } from "@mythgate/sdk";
import { useId, useState } from "react";
import { ALL_GAMES, duration, gameClock, gamesShown } from "../../stores/games.ts";
import type { ToldGame } from "../../stores/lobby.ts";
import { gameView, readGames } from "../../stores/lobbyVisits.ts";
import { usePlay } from "../../stores/play.ts";
import { titleOf } from "../../stores/roomPlay.ts";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import { Tick } from "../../ui/Tick.tsx";
import ui from "../../ui/ui.module.css";
import styles from "./Lobby.module.css";
import { Named } from "./Named.tsx";
import { useNow } from "./useNow.ts";
import { useRead } from "./useRead.ts";

const REFRESH_MS = 10_000;

interface PlacedGame extends ToldGame {
  /** In which lobby, where that is not said elsewhere. */
  readonly place?: string;
}

interface GamesPanelProps {
  readonly games: readonly ToldGame[];
  readonly players: readonly LobbyPlayerView[];
  readonly onPerson: (number: number) => void;
}

/** What is hosted in the lobby, or in all of them, as far as the reader looks for it. */
export function GamesPanel({ games, players, onPerson }: GamesPanelProps) {
  const [filter, setFilter] = useState(ALL_GAMES);
  const [everywhere, setEverywhere] = useState(false);
  const played = usePlay((state) => state.lobby.play?.kind ?? "");
  const shown = gamesShown(games, filter);
  const isFiltered = filter.text.trim() !== "" || filter.joinable;
  return (
    <Panel title="Games" extra={everywhere ? undefined : games.length}>
      <search className={styles.filter}>
        <FindLine
          label="Find a game"
          placeholder="Name, map or host"
          value={filter.text}
          onChange={(text) => setFilter({ ...filter, text })}
        />
        <div className={styles.ticks}>
          <Tick isSelected={filter.joinable} onChange={(joinable) => setFilter({ ...filter, joinable })}>
            Can be joined
          </Tick>
          <Tick isSelected={everywhere} onChange={setEverywhere}>
            Of all lobbies
          </Tick>
        </div>
      </search>
      {everywhere ? (
        <EveryGame filter={filter} />
      ) : (
        <Games
          games={shown}
          players={players}
          onPerson={onPerson}
          isFiltered={isFiltered && games.length > 0}
          played={played}
        />
      )}
    </Panel>
  );
}

function EveryGame({ filter }: { readonly filter: typeof ALL_GAMES }) {
  const { value, problem } = useRead(async () => {
    const told = new Date().toISOString();
    return (await readGames()).map((game) => ({ ...gameView(game, game.family), told, place: game.room_name }));
  }, REFRESH_MS);
  if (problem) return <Problem {...problem} />;
  return value && <Games games={gamesShown(value, filter)} isFiltered={value.length > 0} />;
}

interface FindLineProps {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** A line to look for something while one types. */
export function FindLine({ label, placeholder, value, onChange }: FindLineProps) {
  const id = useId();
  return (
    <span className={styles.find}>
      <label htmlFor={id} className={ui.hidden}>
        {label}
      </label>
      <input
        id={id}
        type="search"
        className={styles.findInput}
        value={value}
        placeholder={placeholder}
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
      />
    </span>
  );
}

interface GamesProps {
  readonly games: readonly PlacedGame[];
  readonly players?: readonly LobbyPlayerView[];
  readonly onPerson?: (number: number) => void;
  /** Whether there are games that are not shown. */
  readonly isFiltered?: boolean;
  /** What is played in the lobby itself; empty: nothing. */
  readonly played?: string;
}

/** What is hosted, whether one can still join, for how long it runs, and who plays. */
export function Games({ games, players = [], onPerson, isFiltered = false, played = "" }: GamesProps) {
  const now = useNow(games.some((game) => game.state === "running"));
  if (games.length === 0)
    return (
      <p className={styles.empty}>
        {isFiltered
          ? "No game is like that."
          : played
            ? `No games are hosted here: ${titleOf(played)} is played in the lobby itself.`
            : "No games are hosted here."}
      </p>
    );
  return (
    <ul className={styles.list} aria-label="Games in this lobby">
      {games.map((game) => {
        const inIt = players.filter((one) => game.line_up?.includes(one.number));
        return (
          <li key={game.number} className={styles.game} data-joinable={game.joinable}>
            <span className={styles.gameName}>{game.name || "A game"}</span>
            <span className={styles.mark}>{mark(game)}</span>
            <span className={styles.facts}>{facts(game).join(" · ")}</span>
            {game.state === "running" && <span className={styles.facts}>{times(game, now)}</span>}
            {inIt.length > 0 && onPerson && (
              <span className={styles.lineUp}>
                {inIt.map((one) => (
                  <Named key={one.number} name={one.name} onPress={() => onPerson(one.number)} />
                ))}
              </span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

const mark = ({ joinable, state }: ToldGame): string =>
  joinable ? "● can be joined" : state === "running" ? "▶ running" : "○ closed";

function facts(game: PlacedGame): string[] {
  const { host_name, map_name, kind, difficulty, scenario, players = 0, max_players = 0 } = game;
  return [
    game.place ? `in ${game.place}` : "",
    `hosted by ${host_name}`,
    map_name ? `on ${map_name}` : "",
    kind ?? "",
    difficulty ?? "",
    max_players > 0 ? `${players} of ${max_players} players` : `${players} ${players === 1 ? "player" : "players"}`,
    scenario ?? "",
    game.has_password ? "asks for a password" : "",
    game.reachable === false ? "the host cannot be reached" : "",
  ].filter(Boolean);
}

function times(game: ToldGame, now: number): string {
  const { run, left } = gameClock(game, now);
  return [run === null ? "" : `for ${duration(run)}`, left === null ? "" : `${duration(left)} left`]
    .filter(Boolean)
    .join(", ");
}
