import { isStaff, useRole } from "../../stores/administration.ts";
import { casteName, groupName } from "../../stores/lobby.ts";
import { goTo } from "../../stores/page.ts";
import {
  doorName,
  lobbiesByFamily,
  openGames,
  type PublicStatus,
  peopleByDoor,
  readStatus,
} from "../../stores/status.ts";
import { Button } from "../../ui/Button.tsx";
import { Gate } from "../../ui/Gate.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import { useRead } from "../lobby/useRead.ts";
import { useTitle } from "../useTitle.ts";
import { fromNow, fullTime } from "../when.ts";
import styles from "./Status.module.css";

const REFRESH_MS = 10_000;

/** How the server is doing, for everybody; nobody has to sign in. */
export function Status() {
  const { value, problem } = useRead(readStatus, REFRESH_MS);
  const role = useRole((state) => state.role);
  useTitle("Status");
  return (
    <main className={styles.page}>
      <header className={styles.head}>
        <Gate />
        <h1 className={styles.title}>{value?.server.name ?? "Status"}</h1>
        {isStaff(role) && <Button onPress={() => goTo("admin")}>Console</Button>}
        <Button onPress={() => goTo("lobby")}>Lobbies</Button>
        <Button look="primary" onPress={() => goTo("world")}>
          World
        </Button>
      </header>
      {problem && <Problem {...problem} />}
      {value && <Body status={value} />}
    </main>
  );
}

function Body({ status }: { readonly status: PublicStatus }) {
  const { server, lobbies, ladder } = status;
  const doors = peopleByDoor(lobbies);
  const games = openGames(lobbies);
  return (
    <>
      <p role="status" className={styles.dim}>
        Running since {fullTime(server.started_at)}, {fromNow(server.started_at)}.
      </p>
      <div className={styles.panels}>
        <Panel title="People">
          <dl className={styles.facts}>
            <Fact
              name="In the world"
              text={`${server.players_online} in ${server.rooms_occupied} of ${server.rooms} places`}
            />
            <Fact name="In lobbies" text={String(doors.reduce((sum, [, count]) => sum + count, 0))} />
            {doors.map(([door, count]) => (
              <Fact key={door} name={doorName(door)} text={String(count)} />
            ))}
          </dl>
        </Panel>
        <Panel title="Server">
          <dl className={styles.facts}>
            <Fact name="Version" text={server.version} />
            <Fact name="Node" text={server.node} />
            <Fact name="Open to" text={server.doors.map(doorName).join(", ")} />
            <Fact name="New accounts" text={server.registration === "open" ? "welcome" : "not taken"} />
            <Fact name="Guests" text={server.guests ? "welcome" : "not admitted"} />
          </dl>
        </Panel>
        <Panel title="Lobbies" extra={lobbies.rooms.length}>
          {lobbiesByFamily(lobbies).map(([family, rooms]) => (
            <section key={family} className={styles.family} aria-label={groupName(family)}>
              <h3 className={styles.familyName}>{groupName(family)}</h3>
              <dl className={styles.facts}>
                {rooms.map((room) => (
                  <Fact key={room.id} name={room.name} text={`${room.players.length} of ${room.capacity}`} />
                ))}
              </dl>
            </section>
          ))}
        </Panel>
        <Panel title="Hosted games" extra={games.length}>
          {games.length === 0 && <p className={styles.dim}>None at present.</p>}
          <ul className={styles.games}>
            {games.map((game) => (
              <li key={game.id}>
                <span>
                  {game.name || "A game"}
                  {game.map_name && ` on ${game.map_name}`}
                </span>
                <span className={styles.dim}>
                  by {game.host_name} in {game.room_name}, {crowd(game)},{" "}
                  {game.joinable ? "can be joined" : game.state === "running" ? "under way" : "closed"}
                </span>
              </li>
            ))}
          </ul>
        </Panel>
        <Panel title="Top of the ladder">
          {ladder.rows.length === 0 && <p className={styles.dim}>Nobody has a result yet.</p>}
          {ladder.rows.length > 0 && (
            <table className={styles.table}>
              <thead>
                <tr>
                  <th scope="col">Place</th>
                  <th scope="col">Name</th>
                  <th scope="col">Points</th>
                  <th scope="col">Caste</th>
                </tr>
              </thead>
              <tbody>
                {ladder.rows.map((row) => (
                  <tr key={row.number}>
                    <td>{row.place}</td>
                    <th scope="row">{row.name || "(gone)"}</th>
                    <td>{row.points}</td>
                    <td>{casteName(row.caste)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Panel>
      </div>
    </>
  );
}

function Fact({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  );
}

function crowd({ players, max_players }: { readonly players: number; readonly max_players: number }): string {
  return max_players > 0 ? `${players} of ${max_players} players` : `${players} players`;
}
