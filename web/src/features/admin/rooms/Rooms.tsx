import type { AdminApi } from "@mythgate/sdk";
import { house } from "../../../stores/adminConsole.ts";
import { useMe } from "../../../stores/adminMe.ts";
import { roomAddress } from "../../../stores/adminTalk.ts";
import { groupName } from "../../../stores/lobby.ts";
import { Panel } from "../../../ui/Panel.tsx";
import { Tick } from "../../../ui/Tick.tsx";
import { Act } from "../Act.tsx";
import console from "../Console.module.css";
import { Mark } from "../Facts.tsx";
import { PageLink } from "../PageLink.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import type { SectionProps } from "../sections.ts";
import { Table } from "../Table.tsx";
import { narrowBy, useNarrowed } from "../useNarrowed.ts";
import { usePolled } from "../usePolled.ts";
import { RoomPage } from "./RoomPage.tsx";

const REFRESH_MS = 5_000;

/** Lobbies and rooms of the world, or one of them closely. `rest` is its key, and the page about it. */
export function Rooms({ rest }: SectionProps) {
  const [key = "", view = ""] = rest.split("/");
  return key ? <RoomPage key={key} room={decodeURIComponent(key)} view={view} /> : <RoomList />;
}

function RoomList() {
  const { empty } = useNarrowed("empty");
  const mayAnnounce = useMe(({ permissions }) => permissions?.has("announce") ?? false);
  const rooms = usePolled(() => house.rooms(empty !== ""), REFRESH_MS, empty);
  return (
    <Shown of={rooms}>
      {(all) => (
        <div className={console.stack}>
          {mayAnnounce && (
            <div className={console.bar}>
              <Act
                label="Announce to everybody"
                title="Announce to everybody"
                about="Everybody on the server reads it, through all doors."
                wishes={[{ name: "text", label: "Words", kind: "text", isRequired: true, maxLength: 1000 }]}
                asksWhy={false}
                done="It is announced."
                onAct={(_, { text = "" }) => house.announce(text)}
              />
            </div>
          )}
          <Panel title="Lobbies" extra={people(all, "lobby")}>
            <RoomTable label="Lobbies" rooms={all.filter(({ kind }) => kind === "lobby")} where="For" />
          </Panel>
          <Panel title="The world" extra={people(all, "world")}>
            <Tick isSelected={empty !== ""} onChange={(wanted) => narrowBy({ empty: wanted ? "true" : "" })}>
              Also rooms with nobody in them
            </Tick>
            <RoomTable label="Rooms of the world" rooms={all.filter(({ kind }) => kind === "world")} where="Zone" />
          </Panel>
        </div>
      )}
    </Shown>
  );
}

function people(rooms: readonly AdminApi.StaffRoom[], wanted: AdminApi.StaffRoom["kind"]): string {
  const count = rooms.filter(({ kind }) => kind === wanted).reduce((sum, one) => sum + one.people, 0);
  return count === 1 ? "1 person" : `${count} people`;
}

interface RoomTableProps {
  readonly label: string;
  readonly rooms: readonly AdminApi.StaffRoom[];
  readonly where: string;
}

function RoomTable({ label, rooms, where }: RoomTableProps) {
  if (rooms.length === 0) return <Nothing>Nobody is there.</Nothing>;
  return (
    <Table
      label={label}
      rows={rooms}
      keyOf={(room) => room.key}
      columns={[
        { name: "Room", of: (room) => <PageLink part={roomAddress(room.key)}>{room.name}</PageLink> },
        { name: where, of: (room) => (room.kind === "lobby" ? groupName(room.family) : room.zone) },
        { name: "People", isNumber: true, of: (room) => `${room.people} of ${room.capacity}` },
        ...(rooms[0]?.kind === "lobby"
          ? [{ name: "Games", isNumber: true, of: (room: AdminApi.StaffRoom) => room.games }]
          : []),
        { name: "Marks", of: (room) => <RoomMarks room={room} /> },
      ]}
    />
  );
}

/** What sets a room apart; nothing for most. */
export function RoomMarks({ room }: { readonly room: AdminApi.StaffRoom }) {
  if (!room.locked && !room.squelched && !room.temporary) return null;
  return (
    <>
      {room.locked && <Mark tone="warn">locked</Mark>} {room.squelched && <Mark>only the staff talks</Mark>}{" "}
      {room.temporary && <Mark>opened by a player</Mark>}
    </>
  );
}
