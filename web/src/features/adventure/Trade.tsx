import type { TradeOfferView, TradeView } from "@mythgate/sdk";
import { type FormEvent, useState } from "react";
import { outcomesRead, usePlay } from "../../stores/play.ts";
import {
  confirmTrade,
  endTrade,
  offer,
  offerable,
  rowsOf,
  useTrading,
  withoutThing,
  withSouls,
  withThing,
} from "../../stores/trading.ts";
import { Button } from "../../ui/Button.tsx";
import { Choice } from "../../ui/Choice.tsx";
import { Problem } from "../../ui/Problem.tsx";
import styles from "./Adventure.module.css";

/** The trade the player is in, the one they asked for, or how the last one ended. */
export function Trade() {
  const trade = usePlay((state) => state.adventure.trade);
  const outcome = usePlay((state) => state.adventure.tradeOutcome);
  const problem = useTrading((state) => state.problem);
  if (trade) return trade.state === "requested" ? <Asking trade={trade} /> : <Table trade={trade} />;
  return (
    <>
      {problem && (
        <div className={styles.card}>
          <Problem {...problem} />
        </div>
      )}
      {outcome && (
        <section className={`${styles.card} ${styles.outcome}`} aria-label="Trade">
          <h2 className={styles.cardTitle}>{outcome.done ? "The trade is done" : "No trade"}</h2>
          <p role="status">{outcome.message}</p>
          <div className={styles.actions}>
            <Button onPress={outcomesRead}>Close</Button>
          </div>
        </section>
      )}
    </>
  );
}

function Asking({ trade }: { readonly trade: TradeView }) {
  const busy = useTrading((state) => state.busy);
  return (
    <section className={`${styles.card} ${styles.asks}`} aria-label="Trade">
      <span className={styles.asksWhat}>You asked {trade.partner_name} for a trade.</span>
      <Button isDisabled={busy} onPress={() => void endTrade(trade.id)}>
        Take it back
      </Button>
    </section>
  );
}

function Table({ trade }: { readonly trade: TradeView }) {
  const { busy, problem } = useTrading();
  const news = usePlay((state) => state.adventure.tradeNews);
  const { yours, theirs, partner_name: partner, state } = trade;
  const isSettling = state === "settling";
  return (
    <section className={styles.card} aria-label="Trade">
      <div className={styles.cardHead}>
        <h2 className={styles.cardTitle}>Trade with {partner}</h2>
        <span className={styles.news} role="status">
          {isSettling ? "It is being settled." : news}
        </span>
      </div>
      {problem && <Problem {...problem} />}
      <div className={styles.offers}>
        <Side title="You give" offered={yours} onTakeBack={(name) => void offer(trade.id, withoutThing(yours, name))} />
        <Side title={`${partner} gives`} offered={theirs} />
      </div>
      <div className={styles.actions}>
        {/* It stays where the focus is, whoever confirmed: confirming twice changes nothing. */}
        <Button look="primary" onPress={() => !busy && !yours.confirmed && void confirmTrade(trade)}>
          {yours.confirmed ? `Waiting for ${partner}…` : "Confirm"}
        </Button>
        <Button isDisabled={isSettling} onPress={() => void endTrade(trade.id)}>
          End the trade
        </Button>
      </div>
      <Adding trade={trade} />
    </section>
  );
}

interface SideProps {
  readonly title: string;
  readonly offered: TradeOfferView;
  readonly onTakeBack?: (name: string) => void;
}

function Side({ title, offered, onTakeBack }: SideProps) {
  const rows = rowsOf(offered);
  return (
    <section className={styles.side} aria-label={title} data-confirmed={offered.confirmed || undefined}>
      <h3 className={styles.sideHead}>
        {title}
        {offered.confirmed ? <span className={styles.confirmed}>✓ confirmed</span> : <span>not confirmed</span>}
      </h3>
      {rows.length === 0 && offered.souls === 0 && <p className={styles.none}>Nothing.</p>}
      <ul>
        {offered.souls > 0 && <li className={styles.offered}>{soulsInWords(offered.souls)}</li>}
        {rows.map(({ name, quantity }) => (
          <li key={name} className={styles.offered}>
            <span>
              {name}
              {quantity > 1 && ` ×${quantity}`}
            </span>
            {onTakeBack && (
              <Button look="quiet" aria-label={`take back ${name}`} onPress={() => onTakeBack(name)}>
                take back
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

const soulsInWords = (souls: number): string => `${souls} ${souls === 1 ? "soul" : "souls"}`;

/** Souls and things to lay on the table. */
function Adding({ trade }: { readonly trade: TradeView }) {
  const inventory = usePlay((state) => state.game.inventory);
  const owned = usePlay((state) => state.game.player?.sheet?.souls ?? 0);
  const [souls, setSouls] = useState(String(trade.yours.souls));
  const [chosen, setChosen] = useState("");
  const [quantity, setQuantity] = useState("1");
  const things = offerable(inventory, trade.yours);
  const thing = things.find((one) => one.id === chosen) ?? things[0];

  function offerSouls(event: FormEvent) {
    event.preventDefault();
    void offer(trade.id, withSouls(trade.yours, whole(souls, owned)));
  }

  function offerThing(event: FormEvent) {
    event.preventDefault();
    if (!thing) return;
    void offer(trade.id, withThing(trade.yours, thing, Math.max(1, whole(quantity, thing.count ?? 1))));
    setQuantity("1");
  }

  return (
    <div className={styles.adding}>
      {thing && (
        <form className={styles.addingThing} aria-label="Offer a thing" onSubmit={offerThing}>
          <Choice
            className={styles.thingChoice}
            label="Thing"
            value={thing.id}
            options={things.map((one) => [one.id, (one.count ?? 1) > 1 ? `${one.name} (${one.count})` : one.name])}
            onChange={setChosen}
          />
          {(thing.count ?? 1) > 1 && (
            <Amount isSmall label="How many" value={quantity} max={thing.count ?? 1} least={1} onChange={setQuantity} />
          )}
          <Button type="submit">Offer</Button>
        </form>
      )}
      <form className={styles.adding} aria-label="Offer souls" onSubmit={offerSouls}>
        <Amount label={`Souls (you have ${owned})`} value={souls} max={owned} onChange={setSouls} />
        <Button type="submit">Offer souls</Button>
      </form>
    </div>
  );
}

interface AmountProps {
  readonly label: string;
  readonly value: string;
  readonly max: number;
  readonly least?: number;
  readonly isSmall?: boolean;
  readonly onChange: (value: string) => void;
}

function Amount({ label, value, max, least = 0, isSmall = false, onChange }: AmountProps) {
  return (
    <label className={isSmall ? styles.smallAmount : styles.amountField}>
      {label}
      <input
        className={isSmall ? undefined : styles.amount}
        type="number"
        inputMode="numeric"
        min={least}
        max={max}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

const whole = (text: string, most: number): number => Math.min(most, Math.max(0, Math.trunc(Number(text)) || 0));
