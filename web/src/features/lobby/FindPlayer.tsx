import { useEffect, useState } from "react";
import { casteName } from "../../stores/lobby.ts";
import { searchPlayers } from "../../stores/lobbyVisits.ts";
import { Button } from "../../ui/Button.tsx";
import { Problem } from "../../ui/Problem.tsx";
import { FindLine } from "./Games.tsx";
import styles from "./Lobby.module.css";
import { useRead } from "./useRead.ts";

const PAUSE_MS = 300;

/** Looks for players by their names, whether they are on or not. */
export function FindPlayer({ onPerson }: { readonly onPerson: (number: number) => void }) {
  const [text, setText] = useState("");
  const [wanted, setWanted] = useState("");

  // Not every letter is a question.
  useEffect(() => {
    const timer = setTimeout(() => setWanted(text.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);

  const { value, problem } = useRead(
    async () => (wanted ? { wanted, found: await searchPlayers(wanted) } : null),
    null,
    wanted,
  );
  const found = value?.wanted === wanted ? value.found : null;
  return (
    <search>
      <FindLine label="Find a player" placeholder="Find a player" value={text} onChange={setText} />
      {problem && <Problem {...problem} />}
      <p className={styles.found} role="status">
        {found && found.length === 0 && "Nobody is called like that."}
        {found && found.length > 0 && `${found.length}${found.length === 20 ? " or more" : ""} found`}
      </p>
      {found && found.length > 0 && (
        <ul className={styles.list} aria-label="Players found">
          {found.map((one) => (
            <li key={one.number}>
              <Button className={styles.person} onPress={() => onPerson(one.number)}>
                <span aria-hidden>·</span>
                <span className={styles.personName}>{one.name}</span>
                <span className={styles.notes}>
                  {[one.role === "player" ? casteName(one.caste) : one.role, one.clan?.name ?? ""]
                    .filter(Boolean)
                    .join(", ")}
                </span>
              </Button>
            </li>
          ))}
        </ul>
      )}
    </search>
  );
}
