import type { AbilityView, CombatEnd, CombatView, FighterView } from "@mythgate/sdk";
import { useState } from "react";
import { enemiesOf, isOwnTurn, ownFighter } from "../../stores/adventure.ts";
import { withoutArticle } from "../../stores/completion.ts";
import { outcomesRead, send, usePlay } from "../../stores/play.ts";
import { Bar } from "../../ui/Bar.tsx";
import { Button } from "../../ui/Button.tsx";
import { Choice } from "../../ui/Choice.tsx";
import { ActionMenu } from "../../ui/Menu.tsx";
import ui from "../../ui/ui.module.css";
import { useServerCountdown } from "../game/useCountdown.ts";
import styles from "./Adventure.module.css";
import { FightDialog, OUTCOMES } from "./Fights.tsx";

/** The fight the player is in, or how the last one ended. */
export function Combat() {
  const combat = usePlay((state) => state.adventure.combat);
  const end = usePlay((state) => state.adventure.combatEnd);
  if (combat) return <Fight combat={combat} />;
  return end && <Ended end={end} />;
}

function Fight({ combat }: { readonly combat: CombatView }) {
  const me = usePlay((state) => ownFighter(state.adventure));
  const connected = usePlay((state) => state.connection.state === "connected");
  const own = usePlay((state) => isOwnTurn(state.adventure)) && connected;
  const named = new Map(combat.fighters.map((one) => [one.number, one.name]));
  const sides = [...new Set(combat.fighters.map((one) => one.side))].sort(
    (one, other) => Number(other === me?.side) - Number(one === me?.side) || one - other,
  );
  return (
    <section className={styles.card} aria-label="Fight">
      <div className={styles.cardHead}>
        <h2 className={styles.cardTitle}>
          {combat.is_duel ? "Duel" : "Fight"}, round {combat.round}
        </h2>
        <span className={styles.turn} data-own={own || undefined} role="status">
          {!connected
            ? "Until you are back, you defend yourself"
            : own
              ? "It is your turn"
              : combat.active
                ? `It is the turn of ${named.get(combat.active)}`
                : "It is over"}
        </span>
        {connected && <Timer isOwn={own} turnSeconds={combat.turn_seconds} />}
      </div>
      <ol className={styles.order} aria-label="Turn order">
        {combat.order.map((number, index) => (
          <li key={number} aria-current={index === 0 ? "step" : undefined}>
            {named.get(number)}
          </li>
        ))}
      </ol>
      {me?.condition === "standing" && <Deeds me={me} />}
      <div className={styles.armies}>
        {sides.map((side) => (
          <ul
            key={side}
            className={`${styles.side} ${styles.fighters}`}
            aria-label={side === me?.side ? "Your side" : "Against you"}
          >
            {combat.fighters
              .filter((one) => one.side === side)
              .map((one) => (
                <Fighter key={one.number} fighter={one} isSelf={one === me} />
              ))}
          </ul>
        ))}
      </div>
      {combat.log.length > 0 && (
        <details className={styles.state}>
          <summary>What happened lately</summary>
          <ol className={styles.plain} aria-label="What happened lately">
            {combat.log.map((line, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a line is known by its place
              <li key={index}>{line}</li>
            ))}
          </ol>
        </details>
      )}
    </section>
  );
}

/** Seconds before the end of the own turn at which one is told. */
const HURRY = 5;

/** How long the turn lasts yet: for the eye all the time, for the ear once, when it is high time. */
function Timer({ isOwn, turnSeconds }: { readonly isOwn: boolean; readonly turnSeconds: number }) {
  const endsAt = usePlay((state) => state.adventure.turnEndsAt);
  const seconds = useServerCountdown(endsAt);
  if (seconds === null) return null;
  const isUrgent = isOwn && seconds <= HURRY;
  // Where turns are hardly longer, it is enough to be told that one's own begins.
  const isTold = isUrgent && seconds > 0 && turnSeconds >= 2 * HURRY;
  return (
    <>
      <span
        className={styles.time}
        data-urgent={isUrgent || undefined}
        role="timer"
        aria-live="off"
        aria-label="Seconds left"
      >
        {seconds} s
      </span>
      <span className={ui.hidden} role="status">
        {isTold ? `${HURRY} seconds left.` : ""}
      </span>
    </>
  );
}

const CONDITIONS: Readonly<Record<FighterView["condition"], string>> = {
  standing: "",
  fallen: "has fallen",
  fled: "has fled",
};

function Fighter({ fighter, isSelf }: { readonly fighter: FighterView; readonly isSelf: boolean }) {
  const { name, level, condition, stance, statuses = [] } = fighter;
  const words = [
    CONDITIONS[condition],
    stance ? `ready to ${stance}` : "",
    ...statuses.map(({ kind, rounds }) => `${kind.replaceAll("_", " ")} (${rounds})`),
  ].filter(Boolean);
  return (
    <li className={`${styles.member} ${styles.fighter}`} data-out={condition !== "standing" || undefined}>
      <span className={styles.memberHead}>
        <span>
          {name}
          {isSelf && " (you)"}
        </span>
        <span className={styles.mark}>level {level}</span>
        {words.length > 0 && <span className={styles.state}>{words.join(", ")}</span>}
      </span>
      <Bar
        label={`Health of ${name}`}
        look="health"
        value={fighter.health}
        max={fighter.max_health}
        isLabelled={false}
      />
      {isSelf && (
        <span className={styles.state}>
          stamina {fighter.stamina}, mana {fighter.mana}
        </span>
      )}
    </li>
  );
}

/** What costs little thought, as buttons. */
const STANCES = ["block", "dodge", "parry", "flee"] as const;

/** What one can do on one's turn. Out of turn the server says so, and the focus stays where it is. */
function Deeds({ me }: { readonly me: FighterView }) {
  const adventure = usePlay((state) => state.adventure);
  const inventory = usePlay((state) => state.game.inventory);
  const [aim, setAim] = useState("");
  const enemies = enemiesOf(adventure);
  const target = enemies.find((one) => String(one.number) === aim) ?? enemies[0];
  const at = target ? ` ${target.number}` : "";
  const potions = inventory.filter((item) => item.kind === "consumable");
  return (
    <fieldset className={styles.deeds} aria-label="What you do">
      {enemies.length > 1 && target && (
        <Choice
          label="Aim at"
          value={String(target.number)}
          options={enemies.map((one) => [String(one.number), one.name])}
          onChange={setAim}
        />
      )}
      <Button look="primary" onPress={() => send(`light${at}`)}>
        Strike
      </Button>
      <Button onPress={() => send(`heavy${at}`)}>Strike hard</Button>
      {STANCES.map((deed) => (
        <Button key={deed} onPress={() => send(deed)}>
          {deed[0]?.toUpperCase() + deed.slice(1)}
        </Button>
      ))}
      {(me.abilities ?? []).length > 0 && (
        <ActionMenu
          label="Abilities"
          trigger={
            <Button>
              Abilities <span aria-hidden>▾</span>
            </Button>
          }
          actions={(me.abilities ?? []).map((one) => ({
            label: `${one.name} (${priceOf(one)})`,
            run: () => send(`cast ${one.name}${one.target === "self" || !at ? "" : ` at${at}`}`),
          }))}
        />
      )}
      {potions.length > 0 && (
        <ActionMenu
          label="Use up"
          trigger={
            <Button>
              Use <span aria-hidden>▾</span>
            </Button>
          }
          actions={potions.map(({ name, count = 1 }) => ({
            label: count > 1 ? `${name} ×${count}` : name,
            run: () => send(`use ${withoutArticle(name)}`),
          }))}
        />
      )}
    </fieldset>
  );
}

/** "20 mana", "in 2 rounds". */
function priceOf({ health, stamina, mana, ready_in: readyIn }: AbilityView): string {
  if (readyIn > 0) return `in ${readyIn} ${readyIn === 1 ? "round" : "rounds"}`;
  const costs = [
    [health, "health"],
    [stamina, "stamina"],
    [mana, "mana"],
  ] as const;
  return (
    costs
      .filter(([amount]) => amount > 0)
      .map(([amount, what]) => `${amount} ${what}`)
      .join(", ") || "free"
  );
}

function Ended({ end }: { readonly end: CombatEnd }) {
  const fight = usePlay((state) => state.adventure.fights.find((one) => one.id === end.combat_id));
  const [reading, setReading] = useState(false);
  return (
    <section className={styles.card} aria-label="Fight">
      <div className={styles.cardHead}>
        <h2 className={styles.cardTitle}>{OUTCOMES[end.outcome]}</h2>
      </div>
      <p role="status">{end.message}</p>
      <div className={styles.actions}>
        <Button onPress={outcomesRead}>Close</Button>
        {fight && <Button onPress={() => setReading(true)}>How it went</Button>}
      </div>
      {fight && reading && <FightDialog fight={fight} onClose={() => setReading(false)} />}
    </section>
  );
}
