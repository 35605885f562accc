import type { AdminApi } from "@mythgate/sdk";
import { useState } from "react";
import { house } from "../../../stores/adminConsole.ts";
import { useMe } from "../../../stores/adminMe.ts";
import { Button } from "../../../ui/Button.tsx";
import { Problem } from "../../../ui/Problem.tsx";
import { useSubmit } from "../../useSubmit.ts";
import { fromNow, fullTime } from "../../when.ts";
import { Act } from "../Act.tsx";
import console from "../Console.module.css";
import { Mark } from "../Facts.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { Table } from "../Table.tsx";
import { usePolled } from "../usePolled.ts";

const REFRESH_MS = 30_000;
const SAID: Readonly<Record<AdminApi.Outcome, string>> = { win: "won", loss: "lost", tie: "tied", none: "took part" };

/** How games ended, and whether that counts. */
export function Results() {
  const mayCorrect = useMe(({ permissions }) => permissions?.has("correct_results") ?? false);
  const results = usePolled(() => house.results(), REFRESH_MS);
  const [earlier, setEarlier] = useState<AdminApi.StaffResults | null>(null);
  const { submit, busy, problems } = useSubmit([]);
  const changed = () => {
    setEarlier(null);
    results.refresh();
  };
  return (
    <Shown of={results}>
      {(page) => {
        const known = new Set(page.results.map(({ number }) => number));
        const all = [...page.results, ...(earlier?.results ?? []).filter(({ number }) => !known.has(number))];
        const next = earlier ? earlier.next_before : page.next_before;
        if (all.length === 0)
          return <Nothing>No game has ended yet. Results come from the clients that played.</Nothing>;
        return (
          <>
            <Table
              label="Results, the newest first"
              rows={all}
              keyOf={(one) => one.number}
              columns={[
                {
                  name: "Game",
                  of: (one) => (
                    <>
                      {one.name || "A game"} {one.void && <Mark tone="bad">counts for nothing</Mark>}
                    </>
                  ),
                },
                { name: "Map", of: (one) => one.map_name },
                { name: "Kind", of: (one) => one.kind },
                { name: "Reports", of: (one) => <Mark tone={toneOf(one.verdict)}>{one.verdict}</Mark> },
                {
                  name: "Players",
                  of: (one) => one.players.map((line) => `${line.name} ${SAID[line.outcome]}`).join(", "),
                },
                {
                  name: "When",
                  of: (one) => <span title={fullTime(one.recorded_at)}>{fromNow(one.recorded_at)}</span>,
                },
                ...(mayCorrect
                  ? [{ name: "Act", of: (one: AdminApi.StaffResult) => <Correct result={one} onChanged={changed} /> }]
                  : []),
              ]}
            />
            {problems.form && <Problem {...problems.form} />}
            {next !== null && (
              <div className={console.bar}>
                <Button
                  isDisabled={busy}
                  onPress={() =>
                    void submit(async () => {
                      const found = await house.results(next);
                      setEarlier((shown) => ({ ...found, results: [...(shown?.results ?? []), ...found.results] }));
                    })
                  }
                >
                  Earlier ones
                </Button>
              </div>
            )}
          </>
        );
      }}
    </Shown>
  );
}

const toneOf = (verdict: AdminApi.Verdict): "plain" | "good" | "warn" =>
  verdict === "clear" ? "good" : verdict === "disputed" ? "warn" : "plain";

interface CorrectProps {
  readonly result: AdminApi.StaffResult;
  readonly onChanged: () => void;
}

function Correct({ result: { number, name, void: isVoid }, onChanged }: CorrectProps) {
  const game = name || `game ${number}`;
  return isVoid ? (
    <Act
      label="Restore"
      look="quiet"
      name={`Restore ${game}, number ${number}`}
      title={`Let ${game} count again?`}
      about="The standings of its season are made anew."
      done="It counts again."
      onAct={async (reason) => {
        await house.restoreResult(number, reason);
        onChanged();
      }}
    />
  ) : (
    <Act
      label="Void"
      look="quiet"
      name={`Void ${game}, number ${number}`}
      title={`Have ${game} count for nothing?`}
      about="The standings of its season are made anew. The result stays on record."
      danger
      done="It counts for nothing."
      onAct={async (reason) => {
        await house.voidResult(number, reason);
        onChanged();
      }}
    />
  );
}
