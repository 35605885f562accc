import {
  ATTRIBUTES,
  aboutClass,
  aboutFaction,
  aboutRace,
  type Choices,
  CLASSES,
  EVEN_STATS,
  FACTIONS,
  pointsLeft,
  RACES,
  STAT_LIMITS,
} from "../../stores/beginning.ts";
import { Choice } from "../../ui/Choice.tsx";
import { Tick } from "../../ui/Tick.tsx";
import styles from "./Adventure.module.css";

interface BeginningFieldsProps {
  readonly choices: Choices;
  readonly onChange: (choices: Choices) => void;
}

const named = (names: readonly string[]) => names.map((name) => [name, name] as const);

/** Race, class, faction and attributes. */
export function BeginningFields({ choices, onChange }: BeginningFieldsProps) {
  const { race, calling, faction, stats } = choices;
  const left = stats ? pointsLeft(stats) : 0;
  return (
    <>
      <div className={styles.actions}>
        <Choice
          label="Race"
          value={race}
          options={named(RACES)}
          onChange={(one) => onChange({ ...choices, race: one })}
        />
        <Choice
          label="Class"
          value={calling}
          options={named(CLASSES)}
          onChange={(one) => onChange({ ...choices, calling: one })}
        />
        <Choice
          label="Faction"
          value={faction}
          options={[["", "none"], ...named(FACTIONS)]}
          onChange={(one) => onChange({ ...choices, faction: one })}
        />
      </div>
      <dl className={styles.abouts}>
        <dt>{race}</dt>
        <dd>{aboutRace(race)}</dd>
        <dt>{calling}</dt>
        <dd>{aboutClass(calling)}</dd>
        <dt>{faction || "No faction"}</dt>
        <dd>{aboutFaction(faction)}</dd>
      </dl>
      <p className={styles.news}>Race, class, faction and attributes are chosen once, for good.</p>
      <Tick
        isSelected={stats !== null}
        onChange={(chosen) => onChange({ ...choices, stats: chosen ? EVEN_STATS : null })}
      >
        Choose the attributes instead of rolling dice
      </Tick>
      {stats && (
        <fieldset className={styles.attributes}>
          <legend className={styles.news}>
            From {STAT_LIMITS.least} to {STAT_LIMITS.most} each, before what the race adds.{" "}
            {left === 0 ? "All points are spent." : pointsInWords(left)}
          </legend>
          {ATTRIBUTES.map((one) => (
            <label key={one} className={styles.amountField}>
              {capitalized(one)}
              <input
                className={styles.amount}
                type="number"
                inputMode="numeric"
                min={STAT_LIMITS.least}
                max={STAT_LIMITS.most}
                value={stats[one]}
                onChange={(event) => onChange({ ...choices, stats: { ...stats, [one]: event.target.value } })}
              />
            </label>
          ))}
        </fieldset>
      )}
    </>
  );
}

const pointsInWords = (left: number): string =>
  left > 0 ? `${left} ${left === 1 ? "point is" : "points are"} left.` : `${-left} too many.`;

export const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
