import { type AdminApi, Unreachable } from "@mythgate/sdk";
import { useState } from "react";
import { house } from "../../../stores/adminConsole.ts";
import { bytes } from "../../../stores/adminNow.ts";
import { tell } from "../../../stores/adminTold.ts";
import { Button } from "../../../ui/Button.tsx";
import { Dialog } from "../../../ui/Dialog.tsx";
import { Problem } from "../../../ui/Problem.tsx";
import ui from "../../../ui/ui.module.css";
import { useSubmit } from "../../useSubmit.ts";
import { fromNow, fullTime } from "../../when.ts";
import { Act } from "../Act.tsx";
import console from "../Console.module.css";
import { Facts, Mark } from "../Facts.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { Table } from "../Table.tsx";
import { usePolled } from "../usePolled.ts";

const REFRESH_MS = 5_000;

/** What could be restored, and how old it is. */
export function Backups() {
  const backups = usePolled(house.backups, REFRESH_MS);
  const [details, setDetails] = useState<AdminApi.BackupDetails | null>(null);
  const { submit, busy, problems } = useSubmit([]);
  const check = (name: string) =>
    submit(async () => {
      const { whole, damaged } = await house.verifyBackup(name);
      if (whole) tell(`${name} is whole: every byte is as it was written.`);
      else tell(`${name} is damaged: ${damaged.join(", ")}. Do not rely on it.`);
    });
  return (
    <Shown of={backups}>
      {(told) => (
        <div className={console.stack}>
          {told.failure && <Problem message={`The last backup failed: ${told.failure}`} />}
          {problems.form && <Problem {...problems.form} />}
          <Facts
            rows={[
              ["Folder", told.folder],
              ["By itself", told.every_seconds > 0 ? `every ${span(told.every_seconds)}` : "none is made"],
              ["Next", told.due_at ? `${fromNow(told.due_at)}, ${fullTime(told.due_at)}` : ""],
              ["Kept", told.keep],
              ["Being made", told.running ? progress(told.running) : ""],
            ]}
          />
          <div className={console.bar}>
            <Act
              label="Make a backup"
              look="primary"
              title="Make a backup now?"
              about="Everything goes on meanwhile. The backup holds what was saved before it began."
              asksWhy={false}
              isDisabled={told.running !== null}
              onAct={async () => {
                await made();
                backups.refresh();
              }}
            />
            <Act
              label="Throw away old ones"
              title="Throw away old backups?"
              about={`The newest of each of the last days, weeks and months that have one is kept: ${told.keep}.`}
              asksWhy={false}
              danger
              onAct={async () => {
                const gone = await house.pruneBackups();
                tell(gone.length === 0 ? "There was nothing to throw away." : `${gone.length} thrown away.`);
                backups.refresh();
              }}
            />
          </div>
          {told.backups.length === 0 ? (
            <Nothing>There is no backup. Make one now; and let the settings make one each day.</Nothing>
          ) : (
            <Table
              label="Backups, the newest first"
              rows={told.backups}
              keyOf={(one) => one.name}
              columns={[
                { name: "File", of: (one) => one.name },
                { name: "Taken", of: (one) => <span title={fullTime(one.taken_at)}>{fromNow(one.taken_at)}</span> },
                { name: "Because", of: (one) => <Mark>{one.reason}</Mark> },
                { name: "Size", isNumber: true, of: (one) => bytes(one.bytes) },
                {
                  name: "Act",
                  of: (one) => (
                    <>
                      <Button
                        look="quiet"
                        isDisabled={busy}
                        aria-label={`Check ${one.name}`}
                        onPress={() => void check(one.name)}
                      >
                        Check
                      </Button>
                      <Button
                        look="quiet"
                        isDisabled={busy}
                        aria-label={`Contents of ${one.name}`}
                        onPress={() => void submit(async () => setDetails(await house.backup(one.name)))}
                      >
                        Contents
                      </Button>
                    </>
                  ),
                },
              ]}
            />
          )}
          <p className={console.dim}>
            A backup is restored on the machine, while no server runs: <code>mythgate restore FILE</code>.
          </p>
          {details && (
            <Dialog title="What is in the backup" isOpen onClose={() => setDetails(null)}>
              <Facts
                rows={[
                  ["Taken", fullTime(details.taken_at)],
                  ["By version", details.version],
                  ["Schema", details.revision],
                  ["Database", details.database],
                  ["Rows", details.rows.toLocaleString("en")],
                  ["Films", String(details.films)],
                  ["Films missing", details.missing_films.length > 0 ? details.missing_films.join(", ") : ""],
                  ["Size", bytes(details.bytes)],
                ]}
              />
              <div className={ui.row}>
                <Button look="primary" onPress={() => setDetails(null)}>
                  Close
                </Button>
              </div>
            </Dialog>
          )}
        </div>
      )}
    </Shown>
  );
}

/** A large database takes longer than the page waits; the list shows how far it is. */
async function made(): Promise<void> {
  try {
    const { name, rows } = await house.makeBackup();
    tell(`${name} is whole, with ${rows.toLocaleString("en")} rows.`);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    tell("The backup is being made; it stands in the list when it is whole.");
  }
}

const progress = ({ doing, done, total }: AdminApi.BackupRunning): string =>
  total > 0 ? `${doing}, ${Math.round((100 * done) / total)} %` : doing;

function span(seconds: number): string {
  const steps = [
    [86_400, "day"],
    [3_600, "hour"],
    [60, "minute"],
  ] as const;
  const [size, name] = steps.find(([size]) => seconds >= size) ?? [1, "second"];
  const count = Math.round(seconds / size);
  return count === 1 ? name : `${count} ${name}s`;
}
