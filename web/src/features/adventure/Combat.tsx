import type { CombatEnd, CombatView, FighterView } from "@mythgate/sdk";
import { useId, useState } from "react";
import { enemiesOf, isOwnTurn, ownFighter } from "../../stores/adventure.ts";
import { withoutArticle } from "../../stores/completion.ts";
import { bestOf, castOf, type Deed, deedsOf } from "../../stores/deeds.ts";
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
      {me && <Vitals me={me} />}
      {me?.condition === "standing" && <Deeds me={me} isOwn={own} />}
      <div className={styles.armies}>
        {sides.map((side) => (
          <ul
            key={side}
            className={`${styles.side} ${styles.fighters}`}
            aria-label={side === me?.side ? "Your side" : "Against you"}
          >
            {combat.fighters
              .filter((one) => one.side === side)
              .sort((one, other) => Number(other === me) - Number(one === me))
              .map((one) => (
                <Fighter key={one.number} fighter={one} isSelf={one === me} />
              ))}
          </ul>
        ))}
      </div>
      <div className={styles.rounds}>
        <ol className={styles.order} aria-label="Turn order">
          {combat.order.map((number, index) => (
            <li key={number} aria-current={index === 0 ? "step" : undefined}>
              {named.get(number)}
            </li>
          ))}
        </ol>
        {(combat.next_order ?? []).length > 0 && (
          <>
            <span className={styles.state}>then</span>
            <ol className={styles.order} aria-label={`Turn order of round ${combat.round + 1}`}>
              {(combat.next_order ?? []).map((number) => (
                <li key={number}>{named.get(number)}</li>
              ))}
            </ol>
          </>
        )}
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
    </li>
  );
}

/** What the player has left, where one sees it without scrolling. */
function Vitals({ me }: { readonly me: FighterView }) {
  const vitals = [
    ["health", me.health, me.max_health],
    ["stamina", me.stamina, me.max_stamina],
    ["mana", me.mana, me.max_mana],
  ] as const;
  return (
    <ul className={styles.vitals} aria-label="What you have left">
      {vitals.map(([kind, value, max]) => (
        <li key={kind}>
          <span>
            {kind} <b>{value}</b>
            <span className={ui.hidden}> of {max}</span>
          </span>
          <span className={styles.vitalTrack} data-look={kind} aria-hidden>
            <span style={{ width: `${max > 0 ? Math.min(100, (100 * value) / max) : 0}%` }} />
          </span>
        </li>
      ))}
    </ul>
  );
}

/** What one can do on one's turn. What cannot be done now keeps the focus and says why. */
function Deeds({ me, isOwn }: { readonly me: FighterView; readonly isOwn: boolean }) {
  const adventure = usePlay((state) => state.adventure);
  const inventory = usePlay((state) => state.game.inventory);
  const [aim, setAim] = useState("");
  const enemies = enemiesOf(adventure);
  const target = enemies.find((one) => String(one.number) === aim) ?? enemies[0];
  const at = target ? ` ${target.number}` : "";
  const potions = inventory.filter((item) => item.kind === "consumable");
  const deeds = deedsOf(me, isOwn, at);
  const best = bestOf(deeds);
  const casts = (me.abilities ?? []).map((one) => castOf(me, isOwn, at, one));
  return (
    <fieldset className={styles.deeds} aria-label="What you do">
      {enemies.length > 1 && target && (
        <Choice
          className={styles.aim}
          label="Aim at"
          value={String(target.number)}
          options={enemies.map((one) => [String(one.number), one.name])}
          onChange={setAim}
        />
      )}
      <div className={styles.deedButtons}>
        {deeds.map((deed) => (
          <DeedButton key={deed.label} deed={deed} isBest={deed.label === best} />
        ))}
        {casts.length > 0 && (
          <ActionMenu
            label="Abilities"
            trigger={
              <Button className={styles.opens}>
                Abilities <span aria-hidden>▾</span>
              </Button>
            }
            actions={casts.map(({ label, price, refusal, command }) => ({
              label: `${label} (${price})`,
              refusal,
              run: () => send(command),
            }))}
          />
        )}
        {potions.length > 0 && (
          <ActionMenu
            label="Use up"
            trigger={
              <Button className={styles.opens}>
                Use <span aria-hidden>▾</span>
              </Button>
            }
            actions={potions.map(({ name, count = 1 }) => ({
              label: count > 1 ? `${name} ×${count}` : name,
              refusal: isOwn ? null : "It is not your turn.",
              run: () => send(`use ${withoutArticle(name)}`),
            }))}
          />
        )}
      </div>
    </fieldset>
  );
}

function DeedButton({ deed, isBest }: { readonly deed: Deed; readonly isBest: boolean }) {
  const { label, price, refusal, command } = deed;
  const why = useId();
  return (
    // Told rather than disabled by the browser, which would take the focus away with every turn.
    <span className={styles.deedPlace} title={refusal ?? undefined}>
      <Button
        className={styles.deed}
        look={isBest ? "primary" : "plain"}
        aria-disabled={refusal !== null || undefined}
        aria-describedby={refusal ? why : undefined}
        onPress={() => refusal === null && send(command)}
      >
        <span>{label}</span> <span className={styles.price}>{price}</span>
      </Button>
      {refusal && (
        <span id={why} hidden>
          {refusal}
        </span>
      )}
    </span>
  );
}

function Ended({ end }: { readonly end: CombatEnd }) {
  const fight = usePlay((state) => state.adventure.fights.find((one) => one.id === end.combat_id));
  const [reading, setReading] = useState(false);
  return (
    <section className={`${styles.card} ${styles.outcome}`} aria-label="Fight">
      <h2 className={end.message.startsWith(OUTCOMES[end.outcome]) ? ui.hidden : styles.cardTitle}>
        {OUTCOMES[end.outcome]}
      </h2>
      <p role="status">{end.message}</p>
      <div className={styles.actions}>
        <Button onPress={outcomesRead}>Close</Button>
        {fight && <Button onPress={() => setReading(true)}>How it went</Button>}
      </div>
      {fight && reading && <FightDialog fight={fight} onClose={() => setReading(false)} />}
    </section>
  );
}
