import { useState } from "react";
import { categoryName } from "../../stores/contests.ts";
import { casteName } from "../../stores/lobby.ts";
import { LADDER_ROWS, type LadderChoice, readLadder, readSeasons } from "../../stores/lobbyVisits.ts";
import { Button } from "../../ui/Button.tsx";
import { Choice } from "../../ui/Choice.tsx";
import { Problem } from "../../ui/Problem.tsx";
import styles from "./Lobby.module.css";
import { Named } from "./Named.tsx";
import { useRead } from "./useRead.ts";

const REFRESH_MS = 60_000;

const KINDS = [
  ["player", "Players"],
  ["clan", "Clans"],
] as const;

/** Who stands where: players or clans, ranked or not, by what is played, in this season or an earlier one. */
export function Ladder({ onPerson }: { readonly onPerson: (number: number) => void }) {
  const [choice, setChoice] = useState<LadderChoice>({ category: "ranked", kind: "player", season: null });
  const [offset, setOffset] = useState(0);
  const { value: seasons } = useRead(readSeasons, null);
  const key = `${choice.category} ${choice.kind} ${choice.season} ${offset}`;
  const { value, problem } = useRead(() => readLadder(choice, offset), REFRESH_MS, key);
  const rows = value?.rows ?? [];

  function choose(change: Partial<LadderChoice>) {
    setChoice((before) => ({ ...before, ...change }));
    setOffset(0);
  }

  const categories = value?.categories ?? ["unranked", "ranked"];
  return (
    <>
      <div className={styles.choices}>
        <Choice label="Of" value={choice.kind} options={KINDS} onChange={(kind) => choose({ kind })} />
        <Choice
          label="Games"
          value={choice.category}
          options={[...categories].sort(byName).map((one) => [one, categoryName(one)] as const)}
          onChange={(category) => choose({ category })}
        />
        {seasons && seasons.length > 1 && (
          <Choice
            label="Season"
            value={String(choice.season ?? "")}
            options={[["", "The present one"], ...seasons.slice(0, -1).reverse().map(seasonOption)]}
            onChange={(season) => choose({ season: season === "" ? null : Number(season) })}
          />
        )}
      </div>
      {problem && <Problem {...problem} />}
      {value && rows.length === 0 && (
        <p className={styles.empty}>{offset > 0 ? "Nobody stands further down." : "Nobody has a result yet."}</p>
      )}
      {value && rows.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className={styles.tableFrame} aria-label="Ladder, best first" tabIndex={0}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">Place</th>
                <th scope="col">Name</th>
                <th scope="col">Points</th>
                <th scope="col" className={styles.lesser}>
                  Caste
                </th>
                <th scope="col" className={styles.lesser}>
                  Games
                </th>
                <th scope="col">Won</th>
                <th scope="col">Lost</th>
                <th scope="col" className={styles.lesser}>
                  Tied
                </th>
                <th scope="col" className={styles.lesser}>
                  Best
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.number}>
                  <td>{row.place}</td>
                  <th scope="row">
                    <Named
                      name={row.name || "(gone)"}
                      onPress={row.name && choice.kind === "player" ? () => onPerson(row.number) : null}
                    />
                  </th>
                  <td>{row.points}</td>
                  <td className={styles.lesser}>{casteName(row.caste)}</td>
                  <td className={styles.lesser}>{row.games}</td>
                  <td>{row.wins}</td>
                  <td>{row.losses}</td>
                  <td className={styles.lesser}>{row.ties}</td>
                  <td className={styles.lesser}>{row.best_points}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {(offset > 0 || rows.length === LADDER_ROWS) && (
        <div className={styles.pager}>
          <Button isDisabled={offset === 0} onPress={() => setOffset(Math.max(0, offset - LADDER_ROWS))}>
            Further up
          </Button>
          <Button isDisabled={rows.length < LADDER_ROWS} onPress={() => setOffset(offset + LADDER_ROWS)}>
            Further down
          </Button>
        </div>
      )}
    </>
  );
}

const FIRST: Readonly<Record<string, number>> = { ranked: 0, unranked: 1 };

/** All games together before those of one kind. */
const byName = (one: string, other: string): number =>
  (FIRST[one] ?? 2) - (FIRST[other] ?? 2) || categoryName(one).localeCompare(categoryName(other));

const seasonOption = ({ number, name }: { readonly number: number; readonly name: string }) =>
  [String(number), name] as const;
