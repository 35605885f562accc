import { ownFighter } from "../../stores/adventure.ts";
import { usePlay } from "../../stores/play.ts";
import { Bar } from "../../ui/Bar.tsx";
import styles from "./Adventure.module.css";

/** The player's health, stamina and mana, as they are this instant. */
export function Condition() {
  const sheet = usePlay((state) => state.game.player?.sheet);
  const fighter = usePlay((state) => ownFighter(state.adventure));
  const now = fighter ?? sheet;
  if (!now) return null;
  return (
    <div className={styles.bars}>
      <Bar label="Health" look="health" value={now.health} max={now.max_health} />
      <Bar label="Stamina" look="stamina" value={now.stamina} max={now.max_stamina} />
      <Bar label="Mana" look="mana" value={now.mana} max={now.max_mana} />
    </div>
  );
}
