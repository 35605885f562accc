import { alliesToHelp } from "../../stores/adventure.ts";
import { usePlay } from "../../stores/play.ts";
import ui from "../../ui/ui.module.css";
import styles from "./Adventure.module.css";
import { Challenges, FightToJoin, Invitations, TradeRequests } from "./Asked.tsx";
import { Combat } from "./Combat.tsx";
import { Trade } from "./Trade.tsx";

/** What the player should see before the log: who waits for an answer, a trade, a fight. */
export function Stage() {
  const isEmpty = usePlay(
    ({ adventure: now }) =>
      !(now.combat || now.combatEnd || now.trade || now.tradeOutcome) &&
      now.invitations.length + now.requests.length + now.challenges.length + alliesToHelp(now).length === 0,
  );
  if (isEmpty) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={`${styles.stage} ${ui.scrolls}`} aria-label="What is going on" tabIndex={0}>
      <Invitations />
      <TradeRequests />
      <Challenges />
      <FightToJoin />
      <Combat />
      <Trade />
    </section>
  );
}
