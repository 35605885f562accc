import type { LobbyPlayerView } from "@mythgate/sdk";
import { useState } from "react";
import { casteName } from "../../stores/lobby.ts";
import { playerView, readRooms } from "../../stores/lobbyVisits.ts";
import { Button } from "../../ui/Button.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import { Tick } from "../../ui/Tick.tsx";
import styles from "./Lobby.module.css";
import { useRead } from "./useRead.ts";

const REFRESH_MS = 10_000;

interface PeopleProps {
  readonly players: readonly LobbyPlayerView[];
  readonly you: number;
  readonly onPerson: (number: number) => void;
  /** Whose people they are, where that is not the lobby one is in. */
  readonly label?: string;
}

/** Who is in the lobby, or in all of them together. */
export function PeoplePanel({ players, you, onPerson }: PeopleProps) {
  const [everywhere, setEverywhere] = useState(false);
  return (
    <Panel title="People" extra={everywhere ? undefined : players.length}>
      <div className={styles.filter}>
        <Tick isSelected={everywhere} onChange={setEverywhere}>
          In all lobbies
        </Tick>
      </div>
      {everywhere ? <Everybody you={you} onPerson={onPerson} /> : <People {...{ players, you, onPerson }} />}
    </Panel>
  );
}

function Everybody({ you, onPerson }: Pick<PeopleProps, "you" | "onPerson">) {
  const { value, problem } = useRead(readRooms, REFRESH_MS);
  if (problem) return <Problem {...problem} />;
  const busy = value?.rooms.filter((room) => room.players.length > 0);
  if (busy?.length === 0) return <p className={styles.empty}>Nobody is here.</p>;
  return busy?.map((room) => (
    <div key={room.id} className={styles.elsewhere}>
      <h3 className={styles.dim}>{room.name}</h3>
      <People players={room.players.map(playerView)} you={you} onPerson={onPerson} label={`People in ${room.name}`} />
    </div>
  ));
}

/** Who is in a lobby, with what, and whether they read. */
export function People({ players, you, onPerson, label = "People in this lobby" }: PeopleProps) {
  if (players.length === 0) return <p className={styles.empty}>Nobody is here.</p>;
  return (
    <ul className={styles.list} aria-label={label}>
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

const STAFF: Readonly<Record<string, string>> = {
  moderator: "moderator",
  admin: "admin",
  owner: "owner",
  staff: "staff",
};

function notes({ client, role, caste, is_guest, away, afk_text, in_game }: LobbyPlayerView): string[] {
  const rank = STAFF[role ?? ""] ?? (is_guest ? "guest" : casteName(caste));
  const state = in_game ? "playing" : away ? `away${afk_text ? `: ${afk_text}` : ""}` : "";
  return [client ?? "", rank, state].filter(Boolean);
}
