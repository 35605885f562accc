import type { AdminApi } from "@mythgate/sdk";
import { house } from "../../../stores/adminConsole.ts";
import { Panel } from "../../../ui/Panel.tsx";
import { fullTime } from "../../when.ts";
import { Act, momentOf, numberOf } from "../Act.tsx";
import console from "../Console.module.css";
import { Nothing, Shown } from "../Shown.tsx";
import { Table } from "../Table.tsx";
import { usePolled } from "../usePolled.ts";

const REFRESH_MS = 30_000;

/** What everybody reads who comes, and what is announced by schedule. */
export function Announcements() {
  const motd = usePolled(house.motd, null);
  const schedules = usePolled(house.announcements, REFRESH_MS);
  const rooms = usePolled(() => house.rooms(true), null);
  const names = new Map(rooms.value?.map(({ key, name }) => [key, name]));
  return (
    <div className={console.stack}>
      <Panel title="Message of the day">
        <Shown of={motd}>
          {(text) => (
            <div className={console.stack}>
              {text ? (
                <blockquote className={console.quote}>{text}</blockquote>
              ) : (
                <Nothing>There is none. Everybody reads it who comes to the server.</Nothing>
              )}
              <div className={console.bar}>
                <Act
                  label="Change"
                  name="Change the message of the day"
                  title="The message of the day"
                  about="It holds at once, on all doors. Left empty, there is none."
                  wishes={[{ name: "text", label: "Words", kind: "text", initial: text, maxLength: 4000 }]}
                  asksWhy={false}
                  done="The message of the day is changed."
                  onAct={async (_, wishes) => motd.put(await house.setMotd(wishes.text ?? ""))}
                />
              </div>
            </div>
          )}
        </Shown>
      </Panel>
      <Panel title="By schedule">
        <Shown of={schedules}>
          {(known) => (
            <div className={console.stack}>
              {known.length === 0 ? (
                <Nothing>Nothing is announced by schedule.</Nothing>
              ) : (
                <Table
                  label="Announcements by schedule"
                  rows={known}
                  keyOf={(one) => one.number}
                  columns={[
                    { name: "Words", of: (one) => one.text },
                    { name: "Where", of: (one) => (one.room ? (names.get(one.room) ?? one.room) : "everywhere") },
                    { name: "When", of: whenOf },
                    { name: "Next", of: (one) => (one.next_at ? fullTime(one.next_at) : "over") },
                    { name: "Last", of: (one) => (one.told_at ? fullTime(one.told_at) : "") },
                    {
                      name: "Act",
                      of: (one) => (
                        <Act
                          label="Remove"
                          look="quiet"
                          name={`Remove: ${one.text}`}
                          title="Announce this no more?"
                          about={one.text}
                          asksWhy={false}
                          danger
                          done="It is announced no more."
                          onAct={async () => {
                            await house.removeAnnouncement(one.number);
                            schedules.refresh();
                          }}
                        />
                      ),
                    },
                  ]}
                />
              )}
              <div className={console.bar}>
                <NewAnnouncement kind="every" label="Again and again" rooms={[...names]} onDone={schedules.refresh} />
                <NewAnnouncement kind="daily" label="Each day" rooms={[...names]} onDone={schedules.refresh} />
                <NewAnnouncement kind="once" label="Once" rooms={[...names]} onDone={schedules.refresh} />
              </div>
            </div>
          )}
        </Shown>
      </Panel>
    </div>
  );
}

function whenOf({ repeat, every_minutes, daily_at, zone }: AdminApi.AnnouncementCard): string {
  if (repeat === "every") return `every ${every_minutes} minutes`;
  return repeat === "daily" ? `each day at ${daily_at}, ${zone}` : "once";
}

interface NewAnnouncementProps {
  readonly kind: "every" | "daily" | "once";
  readonly label: string;
  readonly rooms: readonly (readonly [key: string, name: string])[];
  readonly onDone: () => void;
}

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

function NewAnnouncement({ kind, label, rooms, onDone }: NewAnnouncementProps) {
  return (
    <Act
      label={`Announce ${label.toLowerCase()}`}
      title={`Announce ${label.toLowerCase()}`}
      wishes={[
        { name: "text", label: "Words", kind: "text", isRequired: true, maxLength: 1000 },
        { name: "room", label: "Where", kind: "choice", options: [["", "Everywhere"], ...rooms] },
        ...(kind === "every"
          ? [{ name: "every_minutes", label: "Minutes from one to the next", kind: "number", initial: "60" } as const]
          : []),
        ...(kind === "daily"
          ? [
              { name: "daily_at", label: "Time of day", initial: "20:00", isRequired: true } as const,
              { name: "zone", label: "Time zone", initial: ZONE, isRequired: true } as const,
            ]
          : []),
        ...(kind === "once"
          ? [{ name: "at", label: "When", kind: "moment", isRequired: true } as const]
          : [{ name: "ends_at", label: "Not after (optional)", kind: "moment" } as const]),
      ]}
      action="Announce"
      asksWhy={false}
      done="It will be announced."
      onAct={async (_, wishes) => {
        await house.addAnnouncement({
          text: wishes.text ?? "",
          room: wishes.room ?? "",
          every_minutes: numberOf(wishes.every_minutes),
          daily_at: wishes.daily_at || null,
          at: momentOf(wishes.at),
          zone: wishes.zone || "UTC",
          ends_at: momentOf(wishes.ends_at),
        });
        onDone();
      }}
    />
  );
}
