import { goTo } from "../../stores/page.ts";
import { send, usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { Panel } from "../../ui/Panel.tsx";
import adventure from "../adventure/Adventure.module.css";
import { Condition } from "../adventure/Condition.tsx";
import styles from "./Place.module.css";
import { STATUS_MARKS } from "./status.ts";

/** The player's own character and the hour of the world. */
export function StatusPanel() {
  const player = usePlay((state) => state.game.player);
  const following = usePlay((state) => state.game.following);
  const worldTime = usePlay((state) => state.game.worldTime);
  // Never fewer than one sees: the number is told now and then, who is here at once.
  const online = usePlay(
    ({ game }) => game.playersOnline && Math.max(game.playersOnline, game.room?.players.length ?? 0),
  );
  if (!player) return null;
  const { mark, word } = STATUS_MARKS[player.status];
  return (
    <Panel title="You">
      <Condition />
      <dl className={styles.facts}>
        <dt>Name</dt>
        <dd>
          {player.name}
          {player.is_guest && " (guest)"}
        </dd>
        <dt>Level</dt>
        <dd>
          {player.level}
          {player.sheet && `, ${player.sheet.race} ${player.sheet.character_class}`}
        </dd>
        {player.faction && (
          <>
            <dt>Faction</dt>
            <dd>{player.faction}</dd>
          </>
        )}
        {player.sheet && (
          <>
            <dt>Souls</dt>
            <dd>{player.sheet.souls}</dd>
          </>
        )}
        <dt>Status</dt>
        <dd>
          <span aria-hidden>{mark} </span>
          {word || "available"}
          {word && player.afk_text && `: ${player.afk_text}`}
        </dd>
        {following && (
          <>
            <dt>Following</dt>
            <dd>
              {following}{" "}
              <Button look="quiet" onPress={() => send("unfollow")}>
                stop
              </Button>
            </dd>
          </>
        )}
        {worldTime && (
          <>
            <dt>Hour</dt>
            <dd>{worldTime}</dd>
          </>
        )}
        {online !== null && (
          <>
            <dt>Online</dt>
            <dd>
              {online} {online === 1 ? "player" : "players"}{" "}
              <Button look="quiet" onPress={() => send("who")}>
                who
              </Button>
            </dd>
          </>
        )}
      </dl>
      <div className={adventure.panelActions}>
        <Button onPress={() => send("rest")}>Rest</Button>
        <Button onPress={() => goTo("journal")}>Journal</Button>
      </div>
    </Panel>
  );
}
