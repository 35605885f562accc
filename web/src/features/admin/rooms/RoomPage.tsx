import type { AdminApi } from "@mythgate/sdk";
import { useEffect, useRef, useState } from "react";
import { house } from "../../../stores/adminConsole.ts";
import { roleName } from "../../../stores/administration.ts";
import { useMe } from "../../../stores/adminMe.ts";
import { joined, roomAddress } from "../../../stores/adminTalk.ts";
import { groupName } from "../../../stores/lobby.ts";
import { goTo } from "../../../stores/page.ts";
import { doorName } from "../../../stores/status.ts";
import { Panel } from "../../../ui/Panel.tsx";
import { fromNow, fullTime } from "../../when.ts";
import { Act } from "../Act.tsx";
import console from "../Console.module.css";
import { Facts, Mark } from "../Facts.tsx";
import { PageLink } from "../PageLink.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { SubNav } from "../SubNav.tsx";
import { Table } from "../Table.tsx";
import { type Polled, usePolled } from "../usePolled.ts";
import { Line } from "./Line.tsx";
import { Replay } from "./Replay.tsx";
import styles from "./Rooms.module.css";
import { RoomMarks } from "./Rooms.tsx";

const PEOPLE_MS = 5_000;
const TALK_MS = 2_500;

interface RoomPageProps {
  /** Its key. */
  readonly room: string;
  /** `history`, or empty for how it is now. */
  readonly view: string;
}

/** One room: who is in it, what is said, and running it. */
export function RoomPage({ room: key, view }: RoomPageProps) {
  const card = usePolled(() => house.room(key), PEOPLE_MS, key);
  const address = roomAddress(key);
  return (
    <>
      <p>
        <PageLink part="rooms">‹ All rooms</PageLink>
      </p>
      <Shown of={card}>
        {(room) => (
          <div className={console.stack}>
            <div className={styles.head}>
              <h2 className={styles.name}>{room.name}</h2>
              <RoomMarks room={room} />
            </div>
            <Facts
              rows={[
                [room.kind === "lobby" ? "For" : "Zone", room.kind === "lobby" ? groupName(room.family) : room.zone],
                ["People", `${room.people} of ${room.capacity}`],
                ["Games", room.kind === "lobby" ? String(room.games) : ""],
                ["Greets with", room.motd],
              ]}
            />
            <Desk room={room} card={card} />
            <SubNav
              label={`About ${room.name}`}
              pages={[
                [address, "Now"],
                [`${address}/history`, "Replay"],
              ]}
              chosen={view === "history" ? `${address}/history` : address}
            />
            {view === "history" ? (
              <History room={key} />
            ) : (
              <>
                <Panel title="Who is here" extra={room.occupants.length}>
                  <Occupants room={room} onMoved={card.refresh} />
                </Panel>
                <Panel title="What is said">
                  <Live room={key} />
                </Panel>
              </>
            )}
          </div>
        )}
      </Shown>
    </>
  );
}

interface DeskProps {
  readonly room: AdminApi.StaffRoomCard;
  readonly card: Polled<AdminApi.StaffRoomCard>;
}

function Desk({ room, card }: DeskProps) {
  const may = useMe(({ permissions }) => permissions) ?? new Set<string>();
  const put = (changed: AdminApi.StaffRoom) => card.put({ ...room, ...changed });
  if (!may.has("announce") && !may.has("run_rooms")) return null;
  return (
    <div className={console.bar}>
      {may.has("announce") && (
        <Act
          label="Announce"
          title={`Announce in ${room.name}`}
          about="Everybody here reads it in the name of the server, whatever client they have."
          wishes={[{ name: "text", label: "Words", kind: "text", isRequired: true, maxLength: 1000 }]}
          asksWhy={false}
          done="It is announced."
          onAct={(_, { text = "" }) => house.announceIn(room.key, text)}
        />
      )}
      {may.has("run_rooms") && (
        <>
          <Act
            label={room.locked ? "Unlock" : "Lock"}
            title={room.locked ? `Let everybody into ${room.name} again?` : `Lock ${room.name}?`}
            about={
              room.locked
                ? "Whoever may enter can come in again."
                : "Nobody but the staff comes in. Who is in it stays, and is told."
            }
            asksWhy={false}
            done={room.locked ? `${room.name} is open again.` : `${room.name} is locked.`}
            onAct={async () => put(await house.lockRoom(room.key, !room.locked))}
          />
          <Act
            label="Greeting"
            title={`What ${room.name} greets with`}
            about="Who is here reads it now, others when they come. Left empty, it greets with nothing."
            wishes={[{ name: "text", label: "Words", kind: "text", initial: room.motd, maxLength: 1000 }]}
            asksWhy={false}
            action="Change"
            done="The greeting is changed."
            onAct={async (_, { text = "" }) => put(await house.greetIn(room.key, text))}
          />
          {room.kind === "lobby" && (
            <Act
              label="Close"
              look="danger"
              title={`Close ${room.name}?`}
              about={
                room.configured
                  ? "Everybody has to go. The settings name this lobby, so it stays, empty and locked."
                  : "Everybody has to go, and the lobby is no more."
              }
              danger
              done={`${room.name} is closed.`}
              onAct={async (reason) => {
                const left = await house.closeRoom(room.key, reason);
                if (left) put(left);
                else goTo("admin", "rooms");
              }}
            />
          )}
        </>
      )}
    </div>
  );
}

interface OccupantsProps {
  readonly room: AdminApi.StaffRoomCard;
  readonly onMoved: () => void;
}

function Occupants({ room, onMoved }: OccupantsProps) {
  const mayMove = useMe(({ permissions }) => permissions?.has("run_rooms") ?? false);
  const rooms = usePolled(() => house.rooms(true), null);
  const others = (rooms.value ?? []).filter(({ kind, key }) => kind === room.kind && key !== room.key);
  if (room.occupants.length === 0) return <Nothing>Nobody is here.</Nothing>;
  return (
    <Table
      label="Who is here"
      rows={room.occupants}
      keyOf={(one) => one.id}
      columns={[
        {
          name: "Name",
          of: (one) => (
            <>
              {one.account_id ? <PageLink part={`users/${one.account_id}`}>{one.name}</PageLink> : one.name}{" "}
              {one.account && one.account !== one.name && <span className={console.dim}>({one.account})</span>}{" "}
              {one.role !== "player" && <Mark tone="good">{roleName(one.role)}</Mark>} {one.guest && <Mark>guest</Mark>}{" "}
              {one.hidden && <Mark>hidden</Mark>} {one.linkdead && <Mark tone="warn">connection lost</Mark>}{" "}
              {one.away && <Mark>away</Mark>}
            </>
          ),
        },
        { name: "Door", of: (one) => doorName(one.door) },
        { name: "Client", of: (one) => one.client },
        { name: "Ping", isNumber: true, of: (one) => (one.ping_ms === null ? "–" : `${one.ping_ms} ms`) },
        { name: "Since", of: (one) => <span title={fullTime(one.since)}>{fromNow(one.since)}</span> },
        ...(mayMove
          ? [
              {
                name: "Act",
                of: (one: AdminApi.StaffOccupant) => (
                  <Act
                    label="Move"
                    look="quiet"
                    name={`Move ${one.name}`}
                    isDisabled={others.length === 0}
                    title={`Move ${one.name}`}
                    about="They go there whatever is asked of who goes by themselves. Old game clients cannot be moved."
                    wishes={[
                      { name: "to", label: "To", kind: "choice", options: others.map(({ key, name }) => [key, name]) },
                    ]}
                    done={`${one.name} is moved.`}
                    onAct={async (reason, { to = "" }) => {
                      await house.moveFrom(room.key, one.id, to, reason);
                      onMoved();
                    }}
                  />
                ),
              },
            ]
          : []),
      ]}
    />
  );
}

/** What is said, as it comes; it stays at the newest line unless somebody reads further up. */
function Live({ room }: { readonly room: string }) {
  const known = useRef<readonly AdminApi.TalkLine[]>([]);
  const talk = usePolled(
    async () => {
      known.current = joined(known.current, await house.talk(room, known.current.at(-1)?.id ?? ""));
      return known.current;
    },
    TALK_MS,
    room,
  );
  const mayDelete = useMe(({ permissions }) => permissions?.has("delete_messages") ?? false);
  const gone = (id: string) => {
    known.current = known.current.filter((line) => line.id !== id);
    talk.put(known.current);
  };
  const list = useRef<HTMLOListElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const count = talk.value?.length ?? 0;
  useEffect(() => {
    if (count > 0 && isAtEnd && list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [count, isAtEnd]);
  return (
    <Shown of={talk}>
      {(lines) =>
        lines.length === 0 ? (
          <Nothing>Nothing is remembered that was said here. New lines appear by themselves.</Nothing>
        ) : (
          // biome-ignore-start lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          <ol
            ref={list}
            className={styles.talk}
            aria-label="What is said, the newest last"
            tabIndex={0}
            onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
              setAtEnd(scrollHeight - scrollTop - clientHeight < 8)
            }
          >
            {lines.map((line) => (
              <Line key={line.id} line={line} onDeleted={mayDelete ? gone : undefined} />
            ))}
          </ol>
          // biome-ignore-end lint/a11y/noNoninteractiveTabindex: see above
        )
      }
    </Shown>
  );
}

function History({ room }: { readonly room: string }) {
  const talk = usePolled(() => house.talk(room), null, room);
  return <Shown of={talk}>{(lines) => <Replay lines={lines} />}</Shown>;
}
