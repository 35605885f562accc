import type { CombatEnd, FightDice, FightRecord } from "@mythgate/sdk";
import { type ReactNode, useState } from "react";
import type { PastFight } from "../../stores/adventure.ts";
import { inFigures, isKept, type ReadFight, readFight, roundsOf } from "../../stores/fights.ts";
import { usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import { useRead } from "../lobby/useRead.ts";
import { fromNow, fullTime } from "../when.ts";
import styles from "./Adventure.module.css";

export const OUTCOMES: Readonly<Record<CombatEnd["outcome"], string>> = {
  won: "You have won",
  lost: "You have lost",
  undecided: "Nobody has won",
  fled: "You got away",
  fallen: "You fell",
};

/** The fights since the player came into the world. */
export function Fights() {
  const fights = usePlay((state) => state.adventure.fights);
  const [read, setRead] = useState<PastFight | null>(null);
  return (
    <Panel title="Fights" extra={fights.length}>
      {fights.length === 0 && <p className={styles.none}>You have not fought since you came into the world.</p>}
      <ul className={styles.list} aria-label="Your fights">
        {fights.map((fight) => (
          <li key={fight.id} className={styles.quest}>
            <h3>
              {OUTCOMES[fight.outcome]}{" "}
              <span className={styles.about} title={fullTime(fight.endedAt)}>
                {fromNow(fight.endedAt)}
              </span>
            </h3>
            <p>{fight.message}</p>
            <Button onPress={() => setRead(fight)}>How it went</Button>
          </li>
        ))}
      </ul>
      {read && <FightDialog fight={read} onClose={() => setRead(null)} />}
    </Panel>
  );
}

interface FightDialogProps {
  readonly fight: PastFight;
  readonly onClose: () => void;
}

/** Who did what, with which dice, and that they were no others than the server promised. */
export function FightDialog({ fight, onClose }: FightDialogProps) {
  const [attempt, setAttempt] = useState(1);
  const { value, problem } = useRead(() => readFight(fight.id), null, `${fight.id} ${attempt}`);
  return (
    <Dialog title="How the fight went" isOpen onClose={onClose}>
      {value ? (
        <Proof {...value} promised={fight.commitment} />
      ) : problem ? (
        <Problem message={problem.message} hint="The record of a fight can be read once it is over for everybody." />
      ) : (
        <p className={styles.none}>One moment…</p>
      )}
      <div className={ui.row}>
        <Button autoFocus onPress={onClose}>
          Close
        </Button>
        {value && <Button onPress={() => saveRecord(value.record)}>Save the record</Button>}
        {!value && problem && <Button onPress={() => setAttempt(attempt + 1)}>Try again</Button>}
      </div>
      {value && <Told record={value.record} />}
    </Dialog>
  );
}

/** The log by rounds. */
function Told({ record }: { readonly record: FightRecord }) {
  return (
    <>
      <Chapter title="Before the first round">
        <Dice rolls={record.beforehand} />
      </Chapter>
      {roundsOf(record).map(({ number, lines }) => (
        <Chapter key={number} title={`Round ${number}`}>
          <ol className={styles.told}>
            {lines.map((line, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a line is known by its place
              <li key={index}>
                {line.text}
                <Dice rolls={line.rolls} />
              </li>
            ))}
          </ol>
        </Chapter>
      ))}
    </>
  );
}

function Chapter({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section aria-label={title}>
      <h3 className={styles.round}>{title}</h3>
      {children}
    </section>
  );
}

function Dice({ rolls }: { readonly rolls: readonly FightDice[] }) {
  return rolls.length > 0 && <span className={styles.dice}>{rolls.map(inFigures).join("; ")}</span>;
}

interface ProofProps extends ReadFight {
  readonly promised: string;
}

/** The promise of the beginning beside what was found at the end. */
function Proof({ record, computed, promised }: ProofProps) {
  const kept = isKept({ record, computed }, promised);
  return (
    <section className={styles.proof} aria-label="Proof" data-kept={kept ?? undefined}>
      <p>
        {kept === true &&
          "✓ The dice were settled before the first blow: the seed is the one promised at the beginning."}
        {kept === false && "✕ The seed is not the one that was promised at the beginning."}
        {computed === null &&
          "This page came without encryption, where browsers do not calculate SHA-256: compare for yourself."}
        {computed !== null && promised === "" && "This window was not told at the beginning what was promised."}
      </p>
      <details>
        <summary>In figures</summary>
        <dl>
          <dt>Promised at the beginning</dt>
          <dd>{promised || "–"}</dd>
          <dt>Id of the fight</dt>
          <dd>{record.id}</dd>
          <dt>Seed, told at the end</dt>
          <dd>{record.seed}</dd>
          <dt>SHA-256 of “id:seed”</dt>
          <dd>{computed ?? "–"}</dd>
        </dl>
      </details>
      <p>
        The log below is what the server finds when it tells the fight again, from this seed and what everybody did.
        With the saved record anybody can.
      </p>
    </section>
  );
}

function saveRecord(record: FightRecord): void {
  const address = URL.createObjectURL(new Blob([JSON.stringify(record, null, 2)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `fight-${record.id}.json`;
  link.click();
  URL.revokeObjectURL(address);
}
