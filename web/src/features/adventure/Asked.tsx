import type { ReactNode } from "react";
import { useShallow } from "zustand/react/shallow";
import { alliesToHelp } from "../../stores/adventure.ts";
import { ignoreChallenge, send, usePlay } from "../../stores/play.ts";
import { acceptTrade, endTrade, useTrading } from "../../stores/trading.ts";
import { Button } from "../../ui/Button.tsx";
import { useServerCountdown } from "../game/useCountdown.ts";
import styles from "./Adventure.module.css";

/** Parties that want the player. */
export function Invitations() {
  return usePlay((state) => state.adventure.invitations).map((one) => (
    <Asked key={one.party_number} until={one.expires_at}>
      {`${one.inviter_name} asks you to join the party ${one.party_name}.`}
      <Button look="primary" onPress={() => send(`party accept ${one.inviter_name}`)}>
        Join
      </Button>
      <Button onPress={() => send(`party decline ${one.inviter_name}`)}>Decline</Button>
    </Asked>
  ));
}

/** People who want to trade. */
export function TradeRequests() {
  const busy = useTrading((state) => state.busy);
  return usePlay((state) => state.adventure.requests).map((one) => (
    <Asked key={one.id} until={one.expires_at}>
      {`${one.partner_name} wants to trade with you.`}
      <Button look="primary" isDisabled={busy} onPress={() => void acceptTrade(one.id)}>
        Trade
      </Button>
      <Button isDisabled={busy} onPress={() => void endTrade(one.id)}>
        Decline
      </Button>
    </Asked>
  ));
}

/** People who want a duel. */
export function Challenges() {
  return usePlay((state) => state.adventure.challenges).map((one) => (
    <Asked key={one.challenger_id} until={one.expires_at}>
      {`${one.challenger_name} wants a duel with you.`}
      <Button look="primary" onPress={() => send(`duel ${one.challenger_name}`)}>
        Fight
      </Button>
      <Button onPress={() => ignoreChallenge(one.challenger_id)}>Not now</Button>
    </Asked>
  ));
}

/** Who of the party fights here without the player. */
export function FightToJoin() {
  const [name, ...others] = usePlay(useShallow((state) => alliesToHelp(state.adventure)));
  if (!name) return null;
  return (
    <div className={`${styles.card} ${styles.asks}`}>
      <span className={styles.asksWhat} role="status">
        {others.length > 0
          ? `${[name, ...others].join(" and ")} of your party fight.`
          : `${name} of your party fights.`}
      </span>
      <Button look="primary" onPress={() => send(`assist ${name}`)}>
        Join the fight
      </Button>
    </div>
  );
}

interface AskedProps {
  readonly until: string;
  /** The question, then the answers. */
  readonly children: readonly [question: string, ...answers: ReactNode[]];
}

/** A question with its answers, for as long as it is asked. */
function Asked({ until, children: [question, ...answers] }: AskedProps) {
  const seconds = useServerCountdown(Date.parse(until));
  if (seconds === 0) return null;
  return (
    <div className={`${styles.card} ${styles.asks}`}>
      <span className={styles.asksWhat} role="status">
        {question}
      </span>
      <span className={styles.time} role="timer">
        {seconds !== null && inMinutes(seconds)}
      </span>
      <span className={styles.actions}>{answers}</span>
    </div>
  );
}

/** "1:05". */
export const inMinutes = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
