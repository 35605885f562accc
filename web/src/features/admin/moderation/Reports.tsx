import type { AdminApi } from "@mythgate/sdk";
import { useState } from "react";
import { house } from "../../../stores/adminConsole.ts";
import { URGENCIES } from "../../../stores/adminMeasures.ts";
import { Button } from "../../../ui/Button.tsx";
import { Choice } from "../../../ui/Choice.tsx";
import { Problem } from "../../../ui/Problem.tsx";
import { useSubmit } from "../../useSubmit.ts";
import { fromNow, fullTime } from "../../when.ts";
import console from "../Console.module.css";
import { Mark } from "../Facts.tsx";
import { PageLink } from "../PageLink.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { Table } from "../Table.tsx";
import { narrowBy, useNarrowed } from "../useNarrowed.ts";
import { usePolled } from "../usePolled.ts";

const REFRESH_MS = 10_000;

const STATES = [
  ["open", "Open"],
  ["claimed", "Somebody looks at"],
  ["resolved", "Resolved"],
  ["dismissed", "Dismissed"],
  ["all", "All"],
] as const;

/** What people reported, the most urgent first. */
export function Reports() {
  const { state } = useNarrowed("state");
  const wanted = STATES.find(([id]) => id === state)?.[0] ?? "open";
  const asked = wanted === "all" ? "" : wanted;
  const reports = usePolled(() => house.reports(asked), REFRESH_MS, wanted);
  const [later, setLater] = useState<AdminApi.ReportPage | null>(null);
  const { submit, busy, problems } = useSubmit([]);
  return (
    <>
      <div className={console.bar}>
        <Choice
          label="Reports"
          value={wanted}
          options={STATES.map(([id, name]) => [id, counted(id, name, reports.value?.counts)])}
          onChange={(next) => {
            setLater(null);
            narrowBy({ state: next === "open" ? "" : next });
          }}
        />
      </div>
      <Shown of={reports}>
        {(page) => {
          const known = new Set(page.reports.map(({ number }) => number));
          const all = [...page.reports, ...(later?.reports ?? []).filter(({ number }) => !known.has(number))];
          const next = later ? later.next : page.next;
          if (all.length === 0)
            return <Nothing>There is none. Players report somebody with the command “report” or from a menu.</Nothing>;
          return (
            <>
              <Table
                label="Reports, the most urgent first"
                rows={all}
                keyOf={(one) => one.number}
                columns={[
                  {
                    name: "About",
                    of: (one) => (
                      <PageLink part={`moderation/reports/${one.number}`}>
                        {one.name || `report ${one.number}`}
                      </PageLink>
                    ),
                  },
                  {
                    name: "Urgency",
                    of: (one) => <Mark tone={one.urgency > 1 ? "bad" : "plain"}>{URGENCIES[one.urgency]}</Mark>,
                  },
                  { name: "Where", of: (one) => one.place },
                  { name: "Voices", isNumber: true, of: (one) => one.voices },
                  {
                    name: "When",
                    of: (one) => <span title={fullTime(one.created_at)}>{fromNow(one.created_at)}</span>,
                  },
                  {
                    name: "State",
                    of: (one) => (one.claimed_name ? `${one.state} by ${one.claimed_name}` : one.state),
                  },
                ]}
              />
              {problems.form && <Problem {...problems.form} />}
              {next !== null && (
                <div className={console.bar}>
                  <Button
                    isDisabled={busy}
                    onPress={() =>
                      void submit(async () => {
                        const found = await house.reports(asked, next);
                        setLater((shown) => ({ ...found, reports: [...(shown?.reports ?? []), ...found.reports] }));
                      })
                    }
                  >
                    More
                  </Button>
                </div>
              )}
            </>
          );
        }}
      </Shown>
    </>
  );
}

function counted(id: string, name: string, counts: Readonly<Record<string, number>> | undefined): string {
  const count = counts?.[id];
  return count === undefined ? name : `${name} (${count})`;
}
