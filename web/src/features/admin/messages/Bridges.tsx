import { useState } from "react";
import { house } from "../../../stores/adminConsole.ts";
import { pages } from "../../../stores/login.ts";
import { Button } from "../../../ui/Button.tsx";
import { Dialog } from "../../../ui/Dialog.tsx";
import ui from "../../../ui/ui.module.css";
import { fullTime } from "../../when.ts";
import { Act } from "../Act.tsx";
import console from "../Console.module.css";
import { Mark } from "../Facts.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { Table } from "../Table.tsx";
import { Told } from "../Told.tsx";
import { usePolled } from "../usePolled.ts";

/** Lobbies that hear a channel elsewhere, and are heard there. */
export function Bridges() {
  const bridges = usePolled(house.bridges, null);
  const rooms = usePolled(pages.rooms, null);
  const [token, setToken] = useState("");
  const names = new Map(rooms.value?.rooms.map((room) => [room.id, room.name]));
  return (
    <Shown of={bridges}>
      {(open) => (
        <div className={console.stack}>
          <p className={console.dim}>
            A bridge posts what is said in a lobby to a webhook, such as one of Discord, and lets lines be posted in
            from there. Everybody in the lobby is told.
          </p>
          {open.length === 0 ? (
            <Nothing>There is none.</Nothing>
          ) : (
            <Table
              label="Bridges"
              rows={open}
              keyOf={(one) => one.number}
              columns={[
                { name: "Channel", of: (one) => one.name },
                { name: "Lobby", of: (one) => names.get(one.room_id) ?? `lobby ${one.room_id}` },
                {
                  name: "Sends to",
                  of: (one) =>
                    one.sends_to && (
                      <>
                        {one.sends_to} {!one.sends && <Mark tone="bad">stopped after {one.failures} failures</Mark>}
                      </>
                    ),
                },
                { name: "Hears", of: (one) => (one.hears ? "yes" : "no") },
                { name: "Since", of: (one) => fullTime(one.created_at) },
                {
                  name: "Act",
                  of: (one) => (
                    <Act
                      label="Close"
                      look="quiet"
                      name={`Close the bridge to ${one.name}`}
                      title={`Close the bridge to ${one.name}?`}
                      about="Its token ends with it. The lobby is told."
                      asksWhy={false}
                      danger
                      done="The bridge is closed."
                      onAct={async () => {
                        await house.closeBridge(one.number);
                        bridges.refresh();
                      }}
                    />
                  ),
                },
              ]}
            />
          )}
          <div className={console.bar}>
            <Act
              label="Open a bridge"
              title="Open a bridge"
              wishes={[
                {
                  name: "room_id",
                  label: "Lobby",
                  kind: "choice",
                  options: [...names].map(([id, name]) => [String(id), name]),
                },
                {
                  name: "name",
                  label: "Channel, as the lobby reads it",
                  description: "Such as Discord #general.",
                  isRequired: true,
                  maxLength: 100,
                },
                {
                  name: "url",
                  label: "Webhook (optional)",
                  description: "Where lines of the lobby are posted. Left empty, none are.",
                },
                { name: "hears", label: "Lines may be posted in from there", kind: "tick" },
              ]}
              isDisabled={names.size === 0}
              asksWhy={false}
              done="The bridge is open."
              onAct={async (_, { room_id, name = "", url = "", hears }) => {
                const made = await house.openBridge({ room_id: Number(room_id), name, url, hears: hears === "yes" });
                setToken(made.token);
                bridges.refresh();
              }}
            />
          </div>
          {token && (
            <Dialog title="The bridge is open" isOpen onClose={() => setToken("")} alert>
              <Told secret={token} about="With this token lines are posted in. It is shown only now." />
              <div className={ui.row}>
                <Button look="primary" onPress={() => setToken("")}>
                  Done
                </Button>
              </div>
            </Dialog>
          )}
        </div>
      )}
    </Shown>
  );
}
