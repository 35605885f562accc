import type { ItemView } from "@mythgate/sdk";
import { type FormEvent, useState } from "react";
import { ATTRIBUTES, beginningOf, FIRST_CHOICES, isComplete } from "../../stores/beginning.ts";
import { withoutArticle } from "../../stores/completion.ts";
import { session } from "../../stores/login.ts";
import { send, usePlay } from "../../stores/play.ts";
import { Bar } from "../../ui/Bar.tsx";
import { Button } from "../../ui/Button.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import { useSubmit } from "../useSubmit.ts";
import styles from "./Adventure.module.css";
import { BeginningFields, capitalized } from "./BeginningFields.tsx";
import { Condition } from "./Condition.tsx";

/** Who the player is, what they can do and bear, and what they wear. */
export function Sheet() {
  const player = usePlay((state) => state.game.player);
  const inventory = usePlay((state) => state.game.inventory);
  const sheet = player?.sheet;
  if (!player || !sheet) return <p className={styles.none}>Nothing is known yet.</p>;
  const { level, experience, next_level_at: next } = sheet;
  const equipped = inventory.filter((item) => item.equipped);
  const usable = inventory.filter((item) => !item.equipped && isUsable(item));
  return (
    <>
      {sheet.is_chosen === false && <Choosing id={player.id} />}
      <div className={styles.columns}>
        <Panel title={`${sheet.race} ${sheet.character_class}`} extra={`level ${level}`}>
          <p className={styles.who}>{player.faction ? `Of the ${player.faction}` : "Of no faction"}</p>
          <Condition />
          {next === null ? (
            <p className={styles.about}>{experience} experience: there is no higher level.</p>
          ) : (
            <>
              <Bar label="Experience" look="progress" value={experience} max={next} />
              <p className={styles.about}>
                {next - experience} more for level {level + 1}
              </p>
            </>
          )}
          <p className={styles.who}>
            {sheet.souls} {sheet.souls === 1 ? "soul" : "souls"}
          </p>
          <Button onPress={() => send("rest")}>Rest</Button>
        </Panel>
        <Panel title="Attributes">
          <dl className={styles.stats}>
            {ATTRIBUTES.map((one) => (
              <div key={one} className={styles.stat}>
                <dt>{capitalized(one)}</dt>
                <dd>{sheet.stats[one]}</dd>
              </div>
            ))}
            <div className={styles.stat}>
              <dt>Armor class</dt>
              <dd>{sheet.armor_class ?? 10}</dd>
            </div>
            <div className={styles.stat}>
              <dt>Initiative</dt>
              <dd>{signed(sheet.initiative ?? 0)}</dd>
            </div>
          </dl>
        </Panel>
        <Panel title="Equipment">
          <p className={styles.about}>
            {addsInWords(sheet.attack ?? 0, sheet.defence ?? 0, sheet.magic ?? 0) || "It adds nothing."}
          </p>
          <Things label="Equipped" items={equipped} none="You have equipped nothing." />
        </Panel>
        <Panel title="To equip and to use">
          <Things label="Not equipped" items={usable} none="You carry nothing of that kind." />
        </Panel>
      </div>
    </>
  );
}

const signed = (amount: number): string => (amount > 0 ? `+${amount}` : String(amount));

const isWorn = ({ kind }: ItemView): boolean => kind === "weapon" || kind === "armor";
const isUsable = (item: ItemView): boolean => isWorn(item) || item.kind === "consumable";

/** "Attack 3, magic 1." */
function addsInWords(attack: number, defence: number, magic: number): string {
  const adds = [
    [attack, "attack"],
    [defence, "defence"],
    [magic, "magic"],
  ] as const;
  const words = adds.filter(([amount]) => amount).map(([amount, what]) => `${what} +${amount}`);
  return words.length > 0 ? `${capitalized(words.join(", "))}.` : "";
}

interface ThingsProps {
  readonly label: string;
  readonly items: readonly ItemView[];
  readonly none: string;
}

function Things({ label, items, none }: ThingsProps) {
  if (items.length === 0) return <p className={styles.none}>{none}</p>;
  return (
    <ul className={styles.things} aria-label={label}>
      {items.map((item) => {
        const { name, count = 1, attack = 0, defence = 0, magic = 0 } = item;
        const verb = item.equipped ? "unequip" : isWorn(item) ? "equip" : "use";
        const word = item.equipped ? "take off" : verb;
        return (
          <li key={item.id} className={styles.thing}>
            <span className={styles.thingName}>
              {name}
              {count > 1 && ` ×${count}`} <span className={styles.about}>{addsInWords(attack, defence, magic)}</span>
            </span>
            <Button look="quiet" aria-label={`${word} ${name}`} onPress={() => send(`${verb} ${withoutArticle(name)}`)}>
              {word}
            </Button>
          </li>
        );
      })}
    </ul>
  );
}

/** For who came in without choosing, such as guests. */
function Choosing({ id }: { readonly id: string }) {
  const [choices, setChoices] = useState(FIRST_CHOICES);
  const { submit, busy, problems } = useSubmit([]);

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    void submit(() => session.chooseBeginning(id, beginningOf(choices)));
  }

  return (
    <form className={styles.choosing} aria-label="Who you are" onSubmit={onSubmit}>
      <p>You have not chosen yet who you are. You can do so once, before the second level.</p>
      {problems.form && <Problem {...problems.form} />}
      <BeginningFields choices={choices} onChange={setChoices} />
      <div className={styles.actions}>
        <Button type="submit" look="primary" isDisabled={busy || !isComplete(choices)}>
          {busy ? "One moment…" : "Choose"}
        </Button>
      </div>
    </form>
  );
}
