import type { AdminApi } from "@mythgate/sdk";
import { house } from "../../../stores/adminConsole.ts";
import { roomAddress } from "../../../stores/adminTalk.ts";
import { Button } from "../../../ui/Button.tsx";
import { Field } from "../../../ui/Field.tsx";
import { Panel } from "../../../ui/Panel.tsx";
import console from "../Console.module.css";
import { Facts, Mark } from "../Facts.tsx";
import { PageLink } from "../PageLink.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { Table } from "../Table.tsx";
import { narrowBy, useNarrowed } from "../useNarrowed.ts";
import { usePolled } from "../usePolled.ts";
import styles from "./World.module.css";
import { WorldMap } from "./WorldMap.tsx";

const REFRESH_MS = 15_000;
const SHOWN = 12;

/** The drawn map, the room that is chosen on it, and all rooms as a list. */
export function Atlas() {
  const { room, search } = useNarrowed("room", "search");
  const map = usePolled(house.worldMap, REFRESH_MS);
  return (
    <Shown of={map}>
      {({ name, version, rooms }) => (
        <div className={console.stack}>
          <p className={console.dim}>
            {name} {version}: {rooms.length} rooms. Dashed ways are hidden from who has not found them; red ones are
            locked.
          </p>
          <div className={styles.atlas}>
            <WorldMap places={rooms} chosen={room} onChoose={(id) => narrowBy({ room: id })} />
            <ChosenRoom rooms={rooms} chosen={room} />
          </div>
          <Panel title="Rooms" extra={rooms.length}>
            <Field
              label="Name or zone contains"
              value={search}
              onChange={(next) => narrowBy({ search: next })}
              autoComplete="off"
            />
            <RoomList rooms={rooms} search={search} />
          </Panel>
        </div>
      )}
    </Shown>
  );
}

interface ChosenRoomProps {
  readonly rooms: readonly AdminApi.MapPlace[];
  readonly chosen: string;
}

function ChosenRoom({ rooms, chosen }: ChosenRoomProps) {
  const room = rooms.find(({ id }) => id === chosen);
  if (!room) return <Nothing>Choose a room on the map or in the list.</Nothing>;
  const names = new Map(rooms.map(({ id, name }) => [id, name]));
  return (
    <Panel title={room.name} extra={room.locked ? <Mark tone="warn">locked</Mark> : undefined}>
      <Facts
        rows={[
          ["Zone", room.zone],
          ["People", `${room.people} of ${room.capacity}`],
          ["Creatures", room.creatures.join(", ")],
          ["Shard", room.shard === null ? "" : `number ${room.shard}`],
          ["Tags", room.tags.join(", ")],
          ["Id", <code key="id">{room.id}</code>],
        ]}
      />
      <ul className={styles.ways} aria-label="Ways">
        {room.exits.map((way) => (
          <li key={way.direction}>
            {way.direction}:{" "}
            <Button look="quiet" onPress={() => narrowBy({ room: way.room_id })}>
              {names.get(way.room_id) ?? way.room_id}
            </Button>{" "}
            {way.locked && <Mark tone="bad">locked</Mark>} {way.hidden && <Mark>hidden</Mark>}
          </li>
        ))}
      </ul>
      <PageLink part={roomAddress(`room:${room.id}`)}>Who is there, and what is said</PageLink>
    </Panel>
  );
}

interface RoomListProps {
  readonly rooms: readonly AdminApi.MapPlace[];
  readonly search: string;
}

function RoomList({ rooms, search }: RoomListProps) {
  const words = search.toLowerCase();
  const found = rooms.filter(({ name, zone, id }) => `${name} ${zone} ${id}`.toLowerCase().includes(words));
  const shown = [...found].sort((one, other) => other.people - one.people).slice(0, SHOWN);
  if (found.length === 0) return <Nothing>No room fits.</Nothing>;
  return (
    <>
      <Table
        label="Rooms of the world"
        rows={shown}
        keyOf={(one) => one.id}
        columns={[
          {
            name: "Room",
            of: (one) => (
              <Button look="quiet" onPress={() => narrowBy({ room: one.id })}>
                {one.name}
              </Button>
            ),
          },
          { name: "Zone", of: (one) => one.zone },
          { name: "People", isNumber: true, of: (one) => one.people },
          { name: "Creatures", of: (one) => one.creatures.join(", ") },
        ]}
      />
      {found.length > shown.length && (
        <p className={console.dim}>{found.length - shown.length} more; say more of the name.</p>
      )}
    </>
  );
}
