import type { LobbyRoom } from "@mythgate/sdk";
import { useState } from "react";
import { byFamily, groupName } from "../../stores/lobby.ts";
import { gameView, playerView, readRooms, viewsOf } from "../../stores/lobbyVisits.ts";
import { useLogin } from "../../stores/login.ts";
import { goTo, showProfile, want } from "../../stores/page.ts";
import { usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { Gate } from "../../ui/Gate.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import { Characters } from "../characters/Characters.tsx";
import { Entrance } from "../entrance/Entrance.tsx";
import { useTitle } from "../useTitle.ts";
import { Contests } from "./Contests.tsx";
import { FindPlayer } from "./FindPlayer.tsx";
import { Games } from "./Games.tsx";
import styles from "./Lobby.module.css";
import { OwnCard } from "./OwnCard.tsx";
import { People } from "./People.tsx";
import { PlayerCard } from "./PlayerCard.tsx";
import { RoomLine } from "./Rooms.tsx";
import { useRead } from "./useRead.ts";

const REFRESH_MS = 10_000;

/** What everybody may see of the lobbies, for who is not in the world; and the way in. */
export function Overview() {
  const [entering, setEntering] = useState(false);
  const login = useLogin((state) => state.login);
  if (entering) return login ? <Characters /> : <Entrance />;
  return <OverviewPage onEnter={() => setEntering(true)} />;
}

function OverviewPage({ onEnter }: { readonly onEnter: () => void }) {
  const login = useLogin((state) => state.login);
  const notice = useLogin((state) => state.notice);
  const farewell = usePlay((state) => state.farewell);
  const { value, problem } = useRead(
    async () => ({ ...(await readRooms()), told: new Date().toISOString() }),
    REFRESH_MS,
  );
  const [card, setCard] = useState<number | null>(null);
  useTitle("Lobbies");

  function enter(roomId: number | null) {
    want(roomId);
    onEnter();
  }

  return (
    <main className={styles.overview}>
      <header className={styles.overviewHead}>
        <Gate />
        <h1 className={styles.title}>Lobbies</h1>
        {login && !login.isGuest && <Button onPress={() => showProfile(true)}>Profile</Button>}
        {login && !login.isGuest && <Button onPress={() => goTo("notices")}>Notices</Button>}
        <Button look="primary" onPress={() => enter(null)}>
          Come in
        </Button>
        <Button onPress={() => goTo("world")}>World</Button>
      </header>
      {(farewell ?? notice) && (
        <p className={ui.note} role="status">
          {farewell ?? notice}
        </p>
      )}
      {problem && <Problem {...problem} />}
      {value && (
        <p className={styles.dim}>
          {value.players} {value.players === 1 ? "person is" : "people are"} on, {value.games}{" "}
          {value.games === 1 ? "game is" : "games are"} hosted.
        </p>
      )}
      <div className={styles.finder}>
        <FindPlayer onPerson={setCard} />
      </div>
      {value &&
        byFamily(value.rooms).map(([family, rooms]) => (
          <Panel key={family} title={groupName(family)}>
            <div className={styles.cards}>
              {rooms.map((room) => (
                <OverviewRoom
                  key={room.id}
                  room={room}
                  told={value.told}
                  onEnter={() => enter(room.id)}
                  onPerson={setCard}
                />
              ))}
            </div>
          </Panel>
        ))}
      <Contests onPerson={setCard} />
      <PlayerCard number={card} onClose={() => setCard(null)} onPerson={setCard} onTalk={null} />
      <OwnCard />
    </main>
  );
}

interface OverviewRoomProps {
  readonly room: LobbyRoom;
  /** When the server said so. */
  readonly told: string;
  readonly onEnter: () => void;
  readonly onPerson: (number: number) => void;
}

function OverviewRoom({ room, told, onEnter, onPerson }: OverviewRoomProps) {
  const [view] = viewsOf({ rooms: [room], players: 0, games: 0 });
  return (
    <section className={styles.card} aria-label={room.name}>
      <div className={styles.cardTop}>
        <h3 className={styles.cardHead}>{view && <RoomLine room={view} isHere={false} />}</h3>
        <Button aria-label={`Enter ${room.name}`} onPress={onEnter}>
          Enter
        </Button>
      </div>
      {room.games.length > 0 && <Games games={room.games.map((game) => ({ ...gameView(game, room.family), told }))} />}
      {room.players.length > 0 && (
        <div className={styles.crowd}>
          <People players={room.players.map(playerView)} you={0} onPerson={onPerson} />
        </div>
      )}
    </section>
  );
}
