import { useEffect, useState } from "react";
import { mayAs } from "../../stores/lobby.ts";
import { enterWantedLobby, leaveLobby, loadFriends } from "../../stores/lobbyVisits.ts";
import { signOut, useLogin } from "../../stores/login.ts";
import { goTo, showProfile, usePage } from "../../stores/page.ts";
import { leaveWorld, usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { Gate } from "../../ui/Gate.tsx";
import { ActionMenu } from "../../ui/Menu.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { ConnectionBadge, ConnectionBanner, TakenOver } from "../game/Connection.tsx";
import { useTitle } from "../useTitle.ts";
import { Contests } from "./Contests.tsx";
import { FindPlayer } from "./FindPlayer.tsx";
import { Friends } from "./Friends.tsx";
import { GamesPanel } from "./Games.tsx";
import styles from "./Lobby.module.css";
import { OwnCard } from "./OwnCard.tsx";
import { PeoplePanel } from "./People.tsx";
import { PlayerCard } from "./PlayerCard.tsx";
import { RoomDesk } from "./RoomDesk.tsx";
import { Rooms } from "./Rooms.tsx";
import { type Addressee, Talk } from "./Talk.tsx";
import { useStanding } from "./useStanding.ts";

type View = "talk" | "rooms" | "people" | "games" | "contests";

/** On narrow screens one of them is shown; on wide ones talk gives way to contests, and the others stand beside them. */
const VIEWS: readonly { id: View; label: string }[] = [
  { id: "talk", label: "Talk" },
  { id: "rooms", label: "Rooms" },
  { id: "people", label: "People" },
  { id: "games", label: "Games" },
  { id: "contests", label: "Contests" },
];

/** The lobby, for who is in the world. */
export function Lobby() {
  const { room, players, games, you, friends } = usePlay((state) => state.lobby);
  const name = players.find((one) => one.number === you)?.name ?? "You";
  const connected = usePlay((state) => state.connection.state === "connected");
  const wanted = usePage((state) => state.wanted);
  const isGuest = useLogin((state) => state.login?.isGuest ?? true);
  const [view, setView] = useState<View>(room ? "talk" : "rooms");
  const [to, setTo] = useState<Addressee | null>(null);
  const [card, setCard] = useState<number | null>(null);
  const [managing, setManaging] = useState(false);
  const { role } = useStanding();
  const roomId = room?.room_id ?? null;
  useTitle(room?.name ?? "Lobby");

  // Also after a break so long that the server took the player for gone.
  useEffect(() => {
    if (connected && room === null && wanted !== null) void enterWantedLobby();
  }, [connected, room, wanted]);

  // Nobody tells of friends while the player is in no lobby.
  // biome-ignore lint/correctness/useExhaustiveDependencies: anew in every lobby
  useEffect(() => {
    if (connected && !isGuest) void loadFriends();
  }, [connected, isGuest, roomId]);

  function leave(roomId: number) {
    setView("rooms");
    void leaveLobby(roomId);
  }

  function talkTo(addressee: Addressee) {
    setTo(addressee);
    setCard(null);
    setView("talk");
  }

  return (
    <div className={styles.lobby} data-view={view}>
      <header className={styles.head}>
        <span className={styles.gate}>
          <Gate size={24} />
        </span>
        <h1 className={styles.title}>{room?.name ?? "Lobby"}</h1>
        <ConnectionBadge />
        <ActionMenu
          label="Menu"
          trigger={
            <Button aria-label={`${name}: menu`} className={styles.me}>
              <span>{name}</span> <span aria-hidden>▾</span>
            </Button>
          }
          actions={[
            ...(isGuest ? [] : [{ label: "Your profile", run: () => showProfile(true) }]),
            ...(room && mayAs(role, "moderator")
              ? [{ label: `Manage ${room.name}`, run: () => setManaging(true) }]
              : []),
            ...(room ? [{ label: `Leave ${room.name}`, run: () => leave(room.room_id) }] : []),
            { label: "Notices", run: () => goTo("notices") },
            { label: "To the world", run: () => goTo("world") },
            { label: "Sign out", run: () => void signOut(leaveWorld()) },
          ]}
        />
      </header>
      <div className={styles.banner}>
        <ConnectionBanner />
      </div>
      <aside className={styles.rooms} aria-label="Lobbies">
        <Rooms onEnter={() => setView("talk")} />
      </aside>
      <main className={styles.main}>
        <div className={styles.talk}>
          <Talk to={to} onTo={setTo} onPerson={setCard} />
        </div>
        <div className={styles.contestsPart}>
          <Contests onPerson={setCard} />
        </div>
      </main>
      <aside className={styles.side} aria-label="Who and what is here">
        <div className={styles.people}>
          <FindPlayer onPerson={setCard} />
          <PeoplePanel players={players} you={you} onPerson={setCard} />
          {friends.length > 0 && (
            <Panel title="Friends" extra={friends.length}>
              <Friends friends={friends} onPerson={setCard} />
            </Panel>
          )}
        </div>
        <div className={styles.games}>
          <GamesPanel games={games} players={players} onPerson={setCard} />
        </div>
      </aside>
      <nav className={styles.switch} aria-label="Parts of the lobby">
        {VIEWS.map(({ id, label }) => (
          <Button
            key={id}
            className={`${styles.switchButton} ${styles[`${id}Button`] ?? ""}`}
            aria-pressed={view === id}
            onPress={() => setView(id)}
          >
            {label}
          </Button>
        ))}
      </nav>
      <PlayerCard number={card} onClose={() => setCard(null)} onPerson={setCard} onTalk={talkTo} />
      {managing && room && <RoomDesk room={room} onClose={() => setManaging(false)} />}
      <OwnCard />
      <TakenOver />
    </div>
  );
}
