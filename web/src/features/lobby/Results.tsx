import type { ResultCard, ResultLine } from "@mythgate/sdk";
import { useState } from "react";
import { outcomeOf, sidesOf, verdictOf } from "../../stores/contests.ts";
import { GAME_TYPES } from "../../stores/lobby.ts";
import { readResults } from "../../stores/lobbyVisits.ts";
import { Button } from "../../ui/Button.tsx";
import { Problem } from "../../ui/Problem.tsx";
import { useSubmit } from "../useSubmit.ts";
import { fromNow, fullTime } from "../when.ts";
import styles from "./Lobby.module.css";
import { Named } from "./Named.tsx";
import { useRead } from "./useRead.ts";

const REFRESH_MS = 60_000;
const PAGE = 20;
/** Guests of the old clients have numbers from here on, and no card once they are gone. */
const FIRST_GUEST = 0x3fffffff;

interface ResultsProps {
  /** Only games of the one who has this name; null: of all. */
  readonly player?: string | null;
  readonly onPerson: (number: number) => void;
}

/** How the last games ended. */
export function Results({ player = null, onPerson }: ResultsProps) {
  const { value, problem } = useRead(() => readResults(player), REFRESH_MS, player);
  const [earlier, setEarlier] = useState<readonly ResultCard[]>([]);
  const [atEnd, setAtEnd] = useState(false);
  const { submit, problems } = useSubmit([]);
  const known = new Set(value?.map((one) => one.number));
  const results = [...(value ?? []), ...earlier.filter((one) => !known.has(one.number))];
  const last = results.at(-1);

  const more = () =>
    submit(async () => {
      const found = await readResults(player, last?.number ?? null);
      setEarlier((before) => [...before, ...found]);
      setAtEnd(found.length < PAGE);
    });

  return (
    <>
      {problem && <Problem {...problem} />}
      {value && results.length === 0 && <p className={styles.empty}>No game has ended yet.</p>}
      {results.length > 0 && (
        <ul className={styles.results} aria-label="Results, newest first">
          {results.map((result) => (
            <Result key={result.number} result={result} onPerson={onPerson} />
          ))}
        </ul>
      )}
      {problems.form && <Problem {...problems.form} />}
      {value?.length === PAGE && !atEnd && <Button onPress={() => void more()}>Earlier games</Button>}
    </>
  );
}

interface ResultProps {
  readonly result: ResultCard;
  readonly onPerson: (number: number) => void;
}

export function Result({ result, onPerson }: ResultProps) {
  const { name, map_name, scoring, kind, recorded_at } = result;
  const verdict = verdictOf(result);
  return (
    <li className={styles.result}>
      <div className={styles.resultHead}>
        <span className={styles.gameName}>{name || "A game"}</span>
        <time className={styles.dim} dateTime={recorded_at} title={fullTime(recorded_at)}>
          {fromNow(recorded_at)}
        </time>
      </div>
      <span className={styles.facts}>
        {[map_name ? `on ${map_name}` : "", GAME_TYPES[scoring] ?? "", kind].filter(Boolean).join(" · ")}
      </span>
      {verdict && <span className={styles.verdict}>{verdict}</span>}
      <ol className={styles.sides}>
        {sidesOf(result).map((side) => (
          <Side key={side[0]?.side ?? 0} lines={side} onPerson={onPerson} />
        ))}
      </ol>
    </li>
  );
}

function Side({ lines, onPerson }: { readonly lines: readonly ResultLine[]; readonly onPerson: (n: number) => void }) {
  const [first] = lines;
  if (!first) return null;
  const total = (of: (line: ResultLine) => number) => lines.reduce((sum, line) => sum + of(line), 0);
  const [given, taken] = [total((line) => line.damage_given), total((line) => line.damage_taken)];
  const [killed, lost] = [total((line) => line.units_killed), total((line) => line.units_lost)];
  return (
    <li className={styles.sideLine} data-outcome={first.outcome}>
      <span className={styles.outcome}>
        {first.place > 0 && `${first.place}. `}
        {outcomeOf(first)}
      </span>
      <span>
        {lines.map((line) => (
          <span key={line.number} className={styles.sideName}>
            <Named name={line.name} onPress={line.number < FIRST_GUEST ? () => onPerson(line.number) : null} />
            {!line.finished && <span className={styles.dim}>(dropped out)</span>}
          </span>
        ))}
      </span>
      {first.place > 0 && (
        <span className={styles.facts}>
          {`damage ${given} given, ${taken} taken · units ${killed} killed, ${lost} lost`}
        </span>
      )}
    </li>
  );
}
