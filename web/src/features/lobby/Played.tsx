import { usePlay } from "../../stores/play.ts";
import { factsOf, titleOf } from "../../stores/roomPlay.ts";
import ui from "../../ui/ui.module.css";
import { useServerCountdown } from "../game/useCountdown.ts";
import styles from "./Lobby.module.css";

/** How what is played in the lobby itself stands, of whatever kind it is. */
export function Played() {
  const play = usePlay((state) => state.lobby.play);
  const players = usePlay((state) => state.lobby.players);
  const seconds = useServerCountdown(play?.endsAt ?? null);
  if (!play) return null;
  const name = titleOf(play.kind);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={`${styles.played} ${ui.scrolls}`} aria-label={`How ${name} stands`} tabIndex={0}>
      <header className={styles.playedHead}>
        <h2>{name}</h2>
        {seconds !== null && (
          <span className={styles.dim} role="timer" aria-live="off" aria-label="Seconds left">
            {seconds} s
          </span>
        )}
        <span className={styles.dim}>
          moves: <code>/play …</code>
        </span>
      </header>
      <dl className={styles.playedFacts}>
        {factsOf(play.state, players).map(({ name: key, text, isBoard }) => (
          <div key={key} className={isBoard ? styles.playedBoard : undefined}>
            <dt>{key}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
