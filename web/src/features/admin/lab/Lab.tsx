import type { AdminApi } from "@mythgate/sdk";
import { house } from "../../../stores/adminConsole.ts";
import { goTo } from "../../../stores/page.ts";
import { doorName } from "../../../stores/status.ts";
import { Panel } from "../../../ui/Panel.tsx";
import { fromNow, fullTime } from "../../when.ts";
import { Act } from "../Act.tsx";
import console from "../Console.module.css";
import { Mark } from "../Facts.tsx";
import { PageLink } from "../PageLink.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import type { SectionProps } from "../sections.ts";
import { Table } from "../Table.tsx";
import { usePolled } from "../usePolled.ts";
import { CapturePage } from "./CapturePage.tsx";

const REFRESH_MS = 5_000;

const SECONDS = [
  ["60", "A minute"],
  ["300", "Five minutes"],
  ["900", "A quarter of an hour"],
  ["3600", "An hour"],
] as const;

/** What connections send and are sent, decoded as it happens. `rest` is the id of a capture. */
export function Lab({ rest }: SectionProps) {
  return rest ? <CapturePage key={rest} id={rest} /> : <Overview />;
}

function Overview() {
  const connections = usePolled(house.labConnections, REFRESH_MS);
  const captures = usePolled(house.labCaptures, REFRESH_MS);
  return (
    <div className={console.stack}>
      <p className={console.dim}>
        Looking into a connection is recorded, ends by itself, and the staff is told. Secrets and private talk are
        blanked.
      </p>
      <Panel title="Connections" extra={connections.value?.length}>
        <Shown of={connections}>
          {(all) =>
            all.length === 0 ? (
              <Nothing>Nobody is connected.</Nothing>
            ) : (
              <Table
                label="Connections"
                rows={all}
                keyOf={(one) => one.id}
                columns={[
                  { name: "Who", of: (one) => <Who connection={one} /> },
                  { name: "Door", of: (one) => doorName(one.door) },
                  { name: "Client", of: (one) => one.client },
                  {
                    name: "Speaks",
                    of: (one) => (
                      <>
                        {one.form} {one.encrypted && <Mark>encrypted</Mark>}
                      </>
                    ),
                  },
                  { name: "Address", of: (one) => one.address },
                  {
                    name: "Act",
                    of: (one) => (
                      <Act
                        label="Look into"
                        look="quiet"
                        name={`Look into the connection of ${one.name || one.address}`}
                        title={`Look into the connection of ${one.name || one.address}?`}
                        about="Say why; without a reason it is refused."
                        wishes={[{ name: "seconds", label: "For", kind: "choice", options: SECONDS, initial: "300" }]}
                        onAct={async (reason, { seconds }) => {
                          const capture = await house.beginCapture(one.id, reason, Number(seconds));
                          goTo("admin", `lab/${encodeURIComponent(capture.id)}`);
                        }}
                      />
                    ),
                  },
                ]}
              />
            )
          }
        </Shown>
      </Panel>
      <Panel title="Captures" extra={captures.value?.length}>
        <Shown of={captures}>
          {(all) =>
            all.length === 0 ? (
              <Nothing>There is none. They can be read for an hour after they end.</Nothing>
            ) : (
              <Table
                label="Captures"
                rows={all}
                keyOf={(one) => one.id}
                columns={[
                  {
                    name: "Of",
                    of: (one) => (
                      <PageLink part={`lab/${encodeURIComponent(one.id)}`}>
                        {one.connection.name || one.connection.address || one.id}
                      </PageLink>
                    ),
                  },
                  { name: "By", of: (one) => `${one.by}: ${one.reason}` },
                  {
                    name: "Began",
                    of: (one) => <span title={fullTime(one.started_at)}>{fromNow(one.started_at)}</span>,
                  },
                  { name: "Lines", isNumber: true, of: (one) => one.lines },
                  { name: "State", of: (one) => <CaptureState capture={one} /> },
                ]}
              />
            )
          }
        </Shown>
      </Panel>
    </div>
  );
}

function Who({ connection: { user_id, name } }: { readonly connection: AdminApi.WatchableConnection }) {
  if (user_id) return <PageLink part={`users/${user_id}`}>{name || user_id}</PageLink>;
  return <>{name || "not signed in"}</>;
}

const ENDINGS: Readonly<Record<string, string>> = {
  time: "its time is over",
  size: "it is full",
  closed: "they went",
  stopped: "stopped",
};

export function CaptureState({ capture: { ended_at, ended_by } }: { readonly capture: AdminApi.LabCapture }) {
  return ended_at === null ? <Mark tone="warn">runs</Mark> : <Mark>{ENDINGS[ended_by] ?? ended_by}</Mark>;
}
