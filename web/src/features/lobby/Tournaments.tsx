import type { Pairing, TournamentCard } from "@mythgate/sdk";
import { useState } from "react";
import { prizesOf, STATES } from "../../stores/contests.ts";
import { mayAs } from "../../stores/lobby.ts";
import { readRooms, readTournaments } from "../../stores/lobbyVisits.ts";
import { session } from "../../stores/login.ts";
import { usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { Confirm } from "../../ui/Confirm.tsx";
import { Problem } from "../../ui/Problem.tsx";
import { Tick } from "../../ui/Tick.tsx";
import ui from "../../ui/ui.module.css";
import { useSubmit } from "../useSubmit.ts";
import { fromNow, fullTime } from "../when.ts";
import { Bracket } from "./Bracket.tsx";
import styles from "./Lobby.module.css";
import { Named } from "./Named.tsx";
import { ResultDialog } from "./ResultDialog.tsx";
import { AnnounceTournament, DecidePairing } from "./TournamentForms.tsx";
import { useRead } from "./useRead.ts";
import { useStanding } from "./useStanding.ts";

const REFRESH_MS = 15_000;

interface TournamentsProps {
  readonly onPerson: (number: number) => void;
}

/** Tournaments to come, under way and over; who takes part, who met whom, and who won what. */
export function Tournaments({ onPerson }: TournamentsProps) {
  const { role } = useStanding();
  const [over, setOver] = useState(false);
  const [acted, setActed] = useState(0);
  const [announcing, setAnnouncing] = useState(false);
  const { value, problem } = useRead(() => readTournaments(over), REFRESH_MS, `${over} ${acted}`);
  const rooms = useRoomNames();
  const changed = () => setActed((before) => before + 1);
  const shown = value?.filter((one) => (one.state === "signup" || one.state === "running") !== over);
  return (
    <>
      <div className={styles.choices}>
        <Tick isSelected={over} onChange={setOver}>
          Those that are over
        </Tick>
        {mayAs(role, "admin") && (
          <Button className={styles.end} onPress={() => setAnnouncing(true)}>
            Announce a tournament
          </Button>
        )}
      </div>
      {problem && <Problem {...problem} />}
      {shown?.length === 0 && (
        <p className={styles.empty}>{over ? "None was played yet." : "No tournament is announced."}</p>
      )}
      {shown && shown.length > 0 && (
        <ul className={styles.tournaments} aria-label="Tournaments">
          {shown.map((card) => (
            <Tournament
              key={card.number}
              card={card}
              room={rooms.get(card.room_id) ?? `lobby ${card.room_id}`}
              onPerson={onPerson}
              onChanged={changed}
            />
          ))}
        </ul>
      )}
      {announcing && <AnnounceTournament rooms={rooms} onDone={changed} onClose={() => setAnnouncing(false)} />}
    </>
  );
}

/** Of all lobbies, by number: as told to who is in one, else as everybody may read. */
function useRoomNames(): ReadonlyMap<number, string> {
  const told = usePlay((state) => state.lobby.lobbies);
  const { value } = useRead(async () => (told.length > 1 ? null : readRooms()), null, told.length > 1);
  const read = value?.rooms.map(({ id, name }) => [id, name] as const);
  return new Map(read ?? told.map(({ room_id, name }) => [room_id, name] as const));
}

interface TournamentProps extends TournamentsProps {
  readonly card: TournamentCard;
  readonly room: string;
  readonly onChanged: () => void;
}

function Tournament({ card, room, onPerson, onChanged }: TournamentProps) {
  const { name, role, hasAccount } = useStanding();
  const { submit, problems } = useSubmit([]);
  const [cancelling, setCancelling] = useState(false);
  const [deciding, setDeciding] = useState<Pairing | null>(null);
  const [result, setResult] = useState<number | null>(null);
  const isIn = card.entrants.some((one) => one.name === name);
  const isOver = card.state === "finished" || card.state === "cancelled";

  async function run(act: () => Promise<unknown>) {
    if (!(await submit(act))) return;
    setCancelling(false);
    onChanged();
  }

  return (
    <li className={styles.tournament}>
      <div className={styles.resultHead}>
        <h3 className={styles.tournamentName}>{card.name}</h3>
        <span className={styles.badge} data-state={card.state}>
          {STATES[card.state]}
        </span>
      </div>
      <p className={styles.facts}>
        <time dateTime={card.starts_at} title={fullTime(card.starts_at)}>
          {`${isOver || card.state === "running" ? "began" : "begins"} ${fromNow(card.starts_at)}, ${fullTime(card.starts_at)}`}
        </time>
        {` · in ${room} · ${prizeText(card)}`}
      </p>
      {card.prizes.length > 0 && (
        <ol className={styles.prizes} aria-label={`Prizes of ${card.name}`}>
          {card.prizes.map((prize) => (
            <li key={prize.place}>
              {`${prize.place}. ${prize.name}`}
              {prize.amount > 0 && <span className={styles.dim}> wins {prize.amount}</span>}
            </li>
          ))}
        </ol>
      )}
      {card.bracket.length > 0 ? (
        <Bracket
          card={card}
          onDecide={card.state === "running" && mayAs(role, "moderator") ? setDeciding : null}
          onResult={setResult}
        />
      ) : (
        <p className={styles.entrants}>
          <span className={styles.dim}>
            {`${card.entrants.length} of ${card.max_players} take part, at least ${card.min_players} must: `}
          </span>
          {card.entrants.length === 0 && <span className={styles.dim}>nobody yet</span>}
          {card.entrants.map((one) => (
            <Named key={one.number} name={one.name} onPress={() => onPerson(one.number)} />
          ))}
        </p>
      )}
      {problems.form && !cancelling && <Problem {...problems.form} />}
      <div className={ui.row}>
        {card.state === "signup" &&
          hasAccount &&
          (isIn ? (
            <Button onPress={() => void run(() => session.leaveTournament(card.number))}>Withdraw</Button>
          ) : (
            <Button look="primary" onPress={() => void run(() => session.enterTournament(card.number))}>
              Sign up
            </Button>
          ))}
        {!isOver && mayAs(role, "admin") && (
          <Button look="danger" onPress={() => setCancelling(true)}>
            Cancel it
          </Button>
        )}
      </div>
      {isIn && card.state === "signup" && (
        <p className={ui.note}>{`You take part. Be in ${room} when it begins; who is not there is out.`}</p>
      )}
      {cancelling && (
        <Confirm
          title={`Cancel ${card.name}?`}
          text="It ends without a winner, and nobody gets a prize."
          action="Cancel the tournament"
          problem={problems.form}
          onConfirm={() => void run(() => session.cancelTournament(card.number))}
          onClose={() => setCancelling(false)}
        />
      )}
      {result !== null && <ResultDialog number={result} onClose={() => setResult(null)} onPerson={onPerson} />}
      {deciding && (
        <DecidePairing card={card} pairing={deciding} onDone={onChanged} onClose={() => setDeciding(null)} />
      )}
    </li>
  );
}

function prizeText(card: TournamentCard): string {
  const prizes = prizesOf(card);
  return prizes.length === 0 ? "no prize" : `prize ${prizes.join(" and ")}`;
}
