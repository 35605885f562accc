import type { LobbyView } from "@mythgate/sdk";
import { byFamily, conditionsOf, groupName } from "../../stores/lobby.ts";
import { enterLobby, readRooms, viewsOf } from "../../stores/lobbyVisits.ts";
import { usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { Panel } from "../../ui/Panel.tsx";
import styles from "./Lobby.module.css";
import { useRead } from "./useRead.ts";

interface RoomsProps {
  readonly onEnter: () => void;
}

/** All lobbies, and which one the player is in. */
export function Rooms({ onEnter }: RoomsProps) {
  const told = usePlay((state) => state.lobby.lobbies);
  const here = usePlay((state) => state.lobby.room?.room_id ?? null);
  // The server tells the numbers to who is in a lobby; others ask.
  const { value } = useRead(async () => viewsOf(await readRooms()), here === null ? 10_000 : null);
  const lobbies = here !== null && told.length > 1 ? told : (value ?? told);
  return (
    <>
      {byFamily(lobbies).map(([family, rooms]) => (
        <Panel key={family} title={groupName(family)}>
          <ul className={styles.roomList}>
            {rooms.map((room) => (
              <li key={room.room_id}>
                <Button
                  className={styles.room}
                  aria-current={room.room_id === here ? "true" : undefined}
                  onPress={() => {
                    onEnter();
                    if (room.room_id !== here) void enterLobby(room.room_id);
                  }}
                >
                  <RoomLine room={room} isHere={room.room_id === here} />
                </Button>
              </li>
            ))}
          </ul>
        </Panel>
      ))}
      {lobbies.length === 0 && <p className={styles.empty}>No lobbies yet.</p>}
    </>
  );
}

/** Name, conditions and how many are there. */
export function RoomLine({ room, isHere }: { readonly room: LobbyView; readonly isHere: boolean }) {
  const conditions = conditionsOf(room);
  return (
    <>
      <span className={styles.roomName}>
        {room.name}
        {isHere && <span className={styles.dim}> (you are here)</span>}
        {conditions && <span className={styles.conditions}>{conditions}</span>}
      </span>
      <span className={styles.counts}>
        {room.players} of {room.capacity}
        {room.games > 0 && `, ${room.games} ${room.games === 1 ? "game" : "games"}`}
      </span>
    </>
  );
}
