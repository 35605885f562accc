import { house } from "../../../stores/adminConsole.ts";
import { bytes } from "../../../stores/adminNow.ts";
import { doorName } from "../../../stores/status.ts";
import { Panel } from "../../../ui/Panel.tsx";
import { Problem } from "../../../ui/Problem.tsx";
import { fromNow, fullTime } from "../../when.ts";
import console from "../Console.module.css";
import { Facts, Mark } from "../Facts.tsx";
import { Shown } from "../Shown.tsx";
import { Table } from "../Table.tsx";
import { usePolled } from "../usePolled.ts";

const REFRESH_MS = 15_000;

/** What the server stands on. */
export function Ground() {
  const system = usePolled(house.system, REFRESH_MS);
  return (
    <Shown of={system}>
      {(told) => (
        <div className={console.stack}>
          {!told.migrated && (
            <Problem
              message={`The schema is ${told.revision ?? "none"}, and this version needs ${told.head_revision}.`}
              hint="Stop the server and run: mythgate migrate up. It makes a backup first."
            />
          )}
          <div className={console.panels}>
            <Panel title="Server">
              <Facts
                rows={[
                  ["Version", told.version],
                  ["Running since", `${fullTime(told.started_at)}, ${fromNow(told.started_at)}`],
                  ["Node", told.node],
                  ["Python", told.python],
                  ["Platform", told.platform],
                  ["World", `${told.world} ${told.world_version}`],
                  ["Plug-ins", told.plugins.join(", ") || "none"],
                ]}
              />
            </Panel>
            <Panel title="Data">
              <Facts
                rows={[
                  ["Folder", told.data_dir],
                  ["Database", told.database],
                  ["Migrations", told.migrated ? `up to date (${told.revision})` : `at ${told.revision ?? "none"}`],
                  ["Disk", `${bytes(told.free_bytes)} free of ${bytes(told.total_bytes)}`],
                ]}
              />
            </Panel>
            <Panel title="Limits">
              <Facts
                rows={[
                  ["Memory", bytes(told.memory_bytes)],
                  ["Open files", `${told.open_files} of ${told.most_open_files}`],
                ]}
              />
            </Panel>
          </div>
          <Panel title="Doors">
            <Table
              label="Doors"
              rows={told.doors}
              keyOf={(one) => one.name}
              columns={[
                { name: "Door", of: (one) => doorName(one.name) },
                { name: "Where", of: (one) => one.place },
                {
                  name: "State",
                  of: (one) =>
                    one.open ? (
                      <Mark tone="good">open</Mark>
                    ) : (
                      <Mark tone={one.enabled ? "bad" : "plain"}>{one.enabled ? "closed" : "switched off"}</Mark>
                    ),
                },
              ]}
            />
          </Panel>
        </div>
      )}
    </Shown>
  );
}
