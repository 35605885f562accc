import type { AdminApi } from "@mythgate/sdk";
import { lazy, Suspense, useState } from "react";
import { house } from "../../../stores/adminConsole.ts";
import { byCount, bytes, figure, type Hour, LastHour, MEASURES } from "../../../stores/adminNow.ts";
import { doorName } from "../../../stores/status.ts";
import { Panel } from "../../../ui/Panel.tsx";
import { fromNow, fullTime } from "../../when.ts";
import console from "../Console.module.css";
import { type Fact, Facts, Mark } from "../Facts.tsx";
import { Shown } from "../Shown.tsx";
import { usePolled } from "../usePolled.ts";
import styles from "./Now.module.css";

// The drawing is the largest part of the console; the numbers do not wait for it.
const Charts = lazy(async () => ({ default: (await import("./Charts.tsx")).Charts }));

const REFRESH_MS = 5_000;

/** How the server is doing at this moment, and what an operator should see to. */
export function Now() {
  const [hour] = useState(() => new LastHour(house));
  const reading = usePolled(hour.read, REFRESH_MS);
  return <Shown of={reading}>{(value) => <Present {...value} />}</Shown>;
}

function Present({ now, points }: Hour) {
  return (
    <>
      <Warnings warnings={now.warnings} />
      <div className={console.panels}>
        <Panel title="People" extra={now.players}>
          <Facts
            rows={[
              ["In the world", `${now.in_world} in ${now.rooms} ${now.rooms === 1 ? "place" : "places"}`],
              ["In lobbies", `${now.in_lobbies} in ${now.lobbies} ${now.lobbies === 1 ? "lobby" : "lobbies"}`],
              ...counted(now.players_by_door),
            ]}
          />
        </Panel>
        <Panel title="Games" extra={now.games}>
          {now.games === 0 ? (
            <p className={console.dim}>Nobody hosts one.</p>
          ) : (
            <Facts rows={counted(now.games_by_door)} />
          )}
        </Panel>
        <Panel title="Connections" extra={Object.values(now.connections).reduce((sum, one) => sum + one, 0)}>
          {byCount(now.connections).length === 0 ? (
            <p className={console.dim}>None are open.</p>
          ) : (
            <Facts rows={counted(now.connections)} />
          )}
        </Panel>
        <Panel title="Server">
          <Facts
            rows={[
              ["Running since", `${fullTime(now.started_at)}, ${fromNow(now.started_at)}`],
              ["Version", now.version],
              ["Node", now.node],
              ["Memory", now.newest ? bytes(now.newest.memory_bytes) : ""],
              ["Waiting writes", now.newest ? String(now.newest.waiting_writes) : ""],
              ["Refused just now", now.newest ? refusals(now.newest) : ""],
            ]}
          />
        </Panel>
      </div>
      <Panel title="The last hour">
        {points.length < 2 ? (
          <p className={console.dim}>The charts begin when the server has run for half a minute.</p>
        ) : (
          <Suspense fallback={<p className={console.dim}>Drawing …</p>}>
            <Charts points={points} measures={MEASURES} />
          </Suspense>
        )}
      </Panel>
    </>
  );
}

const counted = (counts: Readonly<Record<string, number>>): Fact[] =>
  byCount(counts).map(([door, count]) => [doorName(door), String(count)]);

const refusals = ({ refusals_per_second }: AdminApi.ReadingPoint): string =>
  byCount(refusals_per_second)
    .map(([code, count]) => `${code} ${figure(count, "/s")}`)
    .join(", ");

const SEVERITIES: Readonly<Record<string, "plain" | "warn" | "bad">> = {
  notice: "plain",
  warning: "warn",
  problem: "bad",
};

function Warnings({ warnings }: { readonly warnings: readonly AdminApi.StaffWarning[] }) {
  if (warnings.length === 0) return <p className={styles.fine}>Nothing needs you.</p>;
  return (
    <ul className={styles.warnings} aria-label="Warnings, the worst first">
      {warnings.map((one) => (
        <li key={one.code} className={styles.warning} data-severity={one.severity}>
          <p className={styles.message}>
            <Mark tone={SEVERITIES[one.severity] ?? "warn"}>{one.severity}</Mark> {one.message}
          </p>
          <p>{one.meaning}</p>
          <p>
            <span className={console.dim}>What to do: </span>
            {one.fix}
          </p>
          <p className={console.dim}>since {fromNow(one.since)}</p>
        </li>
      ))}
    </ul>
  );
}
