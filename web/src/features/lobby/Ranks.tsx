import { useState } from "react";
import { casteName } from "../../stores/lobby.ts";
import { readClan, readClans, readLadder } from "../../stores/lobbyVisits.ts";
import { Button } from "../../ui/Button.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import styles from "./Lobby.module.css";
import { useRead } from "./useRead.ts";

const REFRESH_MS = 60_000;

const LADDERS = [
  { id: "ranked", label: "Ranked" },
  { id: "unranked", label: "Unranked" },
] as const;

interface RanksProps {
  /** Null where nobody's card can be opened. */
  readonly onPerson: ((number: number) => void) | null;
}

/** The ladder and the clans. */
export function Ranks({ onPerson }: RanksProps) {
  return (
    <div className={styles.rankPage}>
      <Ladder onPerson={onPerson} />
      <Clans onPerson={onPerson} />
    </div>
  );
}

function Ladder({ onPerson }: RanksProps) {
  const [category, setCategory] = useState<string>("ranked");
  const { value, problem } = useRead(() => readLadder(category, "player"), REFRESH_MS, category);
  return (
    <Panel title="Ladder">
      <div className={styles.choices}>
        {LADDERS.map(({ id, label }) => (
          <Button key={id} look="quiet" aria-pressed={category === id} onPress={() => setCategory(id)}>
            {label}
          </Button>
        ))}
      </div>
      {problem && <Problem {...problem} />}
      {value?.rows.length === 0 && <p className={styles.empty}>Nobody has a result yet.</p>}
      {value && value.rows.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className={styles.tableFrame} aria-label="Ladder, best first" tabIndex={0}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">Place</th>
                <th scope="col">Name</th>
                <th scope="col">Points</th>
                <th scope="col">Won</th>
                <th scope="col">Lost</th>
                <th scope="col">Caste</th>
              </tr>
            </thead>
            <tbody>
              {value.rows.map((row) => (
                <tr key={row.number}>
                  <td>{row.place}</td>
                  <th scope="row">
                    <Named
                      name={row.name || "(gone)"}
                      onPress={row.name && onPerson ? () => onPerson(row.number) : null}
                    />
                  </th>
                  <td>{row.points}</td>
                  <td>{row.wins}</td>
                  <td>{row.losses}</td>
                  <td>{casteName(row.caste)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Panel>
  );
}

function Named({ name, onPress }: { readonly name: string; readonly onPress: (() => void) | null }) {
  if (!onPress) return name;
  return (
    <Button look="quiet" onPress={onPress}>
      {name}
    </Button>
  );
}

function Clans({ onPerson }: RanksProps) {
  const { value, problem } = useRead(readClans, REFRESH_MS);
  const [open, setOpen] = useState<number | null>(null);
  return (
    <Panel title="Clans" extra={value?.length}>
      {problem && <Problem {...problem} />}
      {value?.length === 0 && <p className={styles.empty}>There are no clans yet.</p>}
      {value && value.length > 0 && (
        <ul className={styles.list}>
          {value.map((clan) => (
            <li key={clan.number} className={styles.clan}>
              <Button
                look="quiet"
                aria-expanded={open === clan.number}
                onPress={() => setOpen(open === clan.number ? null : clan.number)}
              >
                {clan.name}
              </Button>
              <span className={styles.dim}>
                {clan.members} {clan.members === 1 ? "member" : "members"}
              </span>
              {clan.motto && <span className={styles.motto}>{clan.motto}</span>}
              {open === clan.number && <Members number={clan.number} onPerson={onPerson} />}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Members({ number, onPerson }: RanksProps & { readonly number: number }) {
  const { value, problem } = useRead(() => readClan(number), null, number);
  if (problem) return <Problem {...problem} />;
  return (
    <ul className={styles.members}>
      {value?.people.map((one) => (
        <li key={one.number}>
          <Named name={one.name} onPress={onPerson ? () => onPerson(one.number) : null} />
          <span className={styles.dim}>
            {one.rank}
            {one.room_id !== null && ", in a lobby"}
          </span>
        </li>
      ))}
    </ul>
  );
}
