import { house } from "../../../stores/adminConsole.ts";
import { fullTime } from "../../when.ts";
import { Act, numberOf } from "../Act.tsx";
import console from "../Console.module.css";
import { Shown } from "../Shown.tsx";
import { Table } from "../Table.tsx";
import { usePolled } from "../usePolled.ts";

const LEVELS = [
  ["debug", "debug: everything"],
  ["info", "info"],
  ["warning", "warning"],
  ["error", "error"],
  ["critical", "critical"],
  ["", "as the settings say"],
] as const;

const LASTING = [
  ["60", "An hour"],
  ["1440", "A day"],
  ["10080", "A week"],
  ["", "Until somebody changes it"],
] as const;

/** How much is written to the log, by part of the server. */
export function Levels() {
  const levels = usePolled(house.logLevels, null);
  return (
    <Shown of={levels}>
      {(inForce) => (
        <div className={console.stack}>
          <p className={console.dim}>Changes hold at once, without a restart.</p>
          <Table
            label="Levels of the log"
            rows={inForce}
            keyOf={(one) => one.logger}
            columns={[
              { name: "Part", of: (one) => one.logger || "everything else" },
              { name: "Level", of: (one) => one.level },
              { name: "Until", of: (one) => (one.until ? fullTime(one.until) : "") },
            ]}
          />
          <div className={console.bar}>
            <Act
              label="Change a level"
              title="Write more or less to the log"
              wishes={[
                {
                  name: "logger",
                  label: "Part (optional)",
                  description: "Such as mythgate.doors.metaserver. Left empty: all parts.",
                },
                { name: "level", label: "Level", kind: "choice", options: LEVELS },
                { name: "minutes", label: "For", kind: "choice", options: LASTING },
              ]}
              asksWhy={false}
              done="The level is changed."
              onAct={async (_, { logger = "", level, minutes }) =>
                levels.put(await house.setLogLevel(logger.trim(), level || null, numberOf(minutes)))
              }
            />
          </div>
        </div>
      )}
    </Shown>
  );
}
