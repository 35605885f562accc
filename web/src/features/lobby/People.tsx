import type { LobbyPlayerView } from "@mythgate/sdk";
import { casteName } from "../../stores/lobby.ts";
import { Button } from "../../ui/Button.tsx";
import styles from "./Lobby.module.css";

interface PeopleProps {
  readonly players: readonly LobbyPlayerView[];
  readonly you: number;
  readonly onPerson: (number: number) => void;
}

/** Who is in the lobby, with what, and whether they read. */
export function People({ players, you, onPerson }: PeopleProps) {
  if (players.length === 0) return <p className={styles.empty}>Nobody is here.</p>;
  return (
    <ul className={styles.list} aria-label="People in this lobby">
      {players.map((player) => (
        <li key={player.number}>
          <Button className={styles.person} onPress={() => onPerson(player.number)}>
            <Swatch colour={player.colour} />
            <span className={styles.personName}>
              {player.name}
              {player.number === you && <span className={styles.dim}> (you)</span>}
            </span>
            <span className={styles.notes}>{notes(player).join(", ")}</span>
          </Button>
        </li>
      ))}
    </ul>
  );
}

/** Somebody's colour; it says nothing that is not also written. */
export function Swatch({ colour }: { readonly colour: string | undefined }) {
  return <span className={styles.swatch} style={{ background: colour }} aria-hidden />;
}

const STAFF: Readonly<Record<string, string>> = { moderator: "moderator", admin: "admin", owner: "owner" };

function notes({ client, role, caste, is_guest, away, afk_text, in_game }: LobbyPlayerView): string[] {
  const rank = STAFF[role ?? ""] ?? (is_guest ? "guest" : casteName(caste));
  const state = in_game ? "playing" : away ? `away${afk_text ? `: ${afk_text}` : ""}` : "";
  return [client ?? "", rank, state].filter(Boolean);
}
