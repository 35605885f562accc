import { session } from "../../stores/login.ts";
import { usePlay } from "../../stores/play.ts";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import { STATUS_MARKS } from "../game/status.ts";
import { useRead } from "../lobby/useRead.ts";
import { fromNow, fullTime } from "../when.ts";
import styles from "./Adventure.module.css";

const REFRESH_MS = 10_000;

/** The other players in the room, and when they last did anything. */
export function Nearby() {
  const room = usePlay((state) => state.game.room);
  const here = room?.players.map((one) => one.id).join(" ");
  const { value, problem } = useRead(session.nearby, REFRESH_MS, `${room?.id} ${here}`);
  return (
    <Panel title={room ? `In ${room.name}` : "Nearby"} extra={value?.length}>
      {problem && <Problem {...problem} />}
      {value?.length === 0 && <p className={styles.none}>Nobody else is here.</p>}
      {value && value.length > 0 && (
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Level</th>
              <th scope="col">Faction</th>
              <th scope="col">Last seen</th>
            </tr>
          </thead>
          <tbody>
            {value.map(({ id, name, level, faction, status, last_seen_at: seen }) => (
              <tr key={id}>
                <td>
                  {name}
                  {STATUS_MARKS[status].word && <span className={styles.about}> {STATUS_MARKS[status].word}</span>}
                </td>
                <td>{level}</td>
                <td>{faction || "none"}</td>
                <td title={fullTime(seen)}>{fromNow(seen)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
