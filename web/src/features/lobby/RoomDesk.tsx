import type { LobbyView } from "@mythgate/sdk";
import { type FormEvent, useState } from "react";
import { Form } from "react-aria-components";
import { mayAs } from "../../stores/lobby.ts";
import { readRooms } from "../../stores/lobbyVisits.ts";
import { sayInLobby } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import styles from "./Lobby.module.css";
import { useRead } from "./useRead.ts";
import { useStanding } from "./useStanding.ts";

interface RoomDeskProps {
  readonly room: LobbyView;
  readonly onClose: () => void;
}

/** What the staff can do about the lobby they are in: the commands anybody of them could type. */
export function RoomDesk({ room, onClose }: RoomDeskProps) {
  const { role } = useStanding();
  const [words, setWords] = useState("");

  function announce(event: FormEvent) {
    event.preventDefault();
    if (words.trim() && sayInLobby(`/message ${words}`, null)) onClose();
  }

  function lock() {
    sayInLobby(room.locked ? "/unlock" : "/lock", null);
    onClose();
  }

  return (
    <Dialog title={`Manage ${room.name}`} isOpen onClose={onClose}>
      <Panel title="Who may come in">
        <p>
          {room.locked
            ? "The lobby is locked: nobody but the staff comes in."
            : "Locking it keeps everybody but the staff out; who is in it stays."}
        </p>
        <div className={styles.after}>
          <Button onPress={lock}>{room.locked ? "Unlock" : "Lock"}</Button>
        </div>
      </Panel>
      {mayAs(role, "admin") && <Greeting roomId={room.room_id} onClose={onClose} />}
      <Panel title="Message of the server">
        <Form className={styles.form ?? ""} onSubmit={announce} validationBehavior="aria">
          <Field
            label="Words"
            value={words}
            onChange={setWords}
            description="Everybody in the lobby reads them, with your name."
            autoComplete="off"
          />
          <div className={ui.row}>
            <Button type="submit" isDisabled={!words.trim()}>
              Say it
            </Button>
          </div>
        </Form>
      </Panel>
      <div className={ui.row}>
        <Button onPress={onClose}>Close</Button>
      </div>
    </Dialog>
  );
}

function Greeting({ roomId, onClose }: { readonly roomId: number; readonly onClose: () => void }) {
  const { value, problem } = useRead(
    async () => (await readRooms()).rooms.find((one) => one.id === roomId)?.motd ?? "",
    null,
    roomId,
  );
  const [typed, setTyped] = useState<string | null>(null);
  const greeting = typed ?? value ?? "";

  function save(event: FormEvent) {
    event.preventDefault();
    if (sayInLobby(`/motd ${greeting.trim() || "-"}`, null)) onClose();
  }

  return (
    <Panel title="Greeting">
      {problem && <Problem {...problem} />}
      <Form className={styles.form ?? ""} onSubmit={save} validationBehavior="aria">
        <Field
          label="Who comes in reads"
          value={greeting}
          onChange={setTyped}
          description="Empty: nothing. Who is there reads it now."
          isDisabled={value === null}
          autoComplete="off"
        />
        <div className={ui.row}>
          <Button type="submit" isDisabled={typed === null || typed === value}>
            Change the greeting
          </Button>
        </div>
      </Form>
    </Panel>
  );
}
