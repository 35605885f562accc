import type { AdminApi } from "@mythgate/sdk";
import { useState } from "react";
import { house } from "../../../stores/adminConsole.ts";
import { useMe } from "../../../stores/adminMe.ts";
import { LASTING, placeOf } from "../../../stores/adminMeasures.ts";
import { Button } from "../../../ui/Button.tsx";
import { Problem } from "../../../ui/Problem.tsx";
import { useSubmit } from "../../useSubmit.ts";
import { fromNow, fullTime } from "../../when.ts";
import { Act, numberOf } from "../Act.tsx";
import console from "../Console.module.css";
import { Mark } from "../Facts.tsx";
import { PageLink } from "../PageLink.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { Table } from "../Table.tsx";
import { usePolled } from "../usePolled.ts";

interface MeasureListProps {
  /** Only those that hold. */
  readonly active: boolean;
  /** Only those against this account. */
  readonly account?: string | null;
  /** What to say if there is none. */
  readonly nothing: string;
}

/** Bans and mutes, and what one may do about them. */
export function MeasureList({ active, account = null, nothing }: MeasureListProps) {
  const measures = usePolled(() => house.measures(active, account), null, `${active} ${account}`);
  const rooms = usePolled(() => house.rooms(true), null);
  const names = new Map(rooms.value?.map(({ key, name }) => [key, name]));
  const [earlier, setEarlier] = useState<AdminApi.MeasurePage | null>(null);
  const { submit, busy, problems } = useSubmit([]);
  const changed = () => {
    setEarlier(null);
    measures.refresh();
  };
  return (
    <Shown of={measures}>
      {(page) => {
        const all = [...page.measures, ...(earlier?.measures ?? [])];
        const next = earlier ? earlier.next : page.next;
        if (all.length === 0) return <Nothing>{nothing}</Nothing>;
        return (
          <>
            <Table
              label="Measures"
              rows={all}
              keyOf={(one) => one.number}
              columns={[
                { name: "Whom", of: (one) => <Whom measure={one} /> },
                {
                  name: "What",
                  of: (one) => (
                    <>
                      <Mark tone={one.active ? "bad" : "plain"}>{one.kind}</Mark> {placeOf(one, names)}
                    </>
                  ),
                },
                { name: "Until", of: untilOf },
                { name: "Reason", of: (one) => one.reason },
                { name: "By", of: (one) => `${one.by}, ${fromNow(one.created_at)}` },
                { name: "Act", of: (one) => one.active && <Desk measure={one} onChanged={changed} /> },
              ]}
            />
            {problems.form && <Problem {...problems.form} />}
            {next !== null && (
              <div className={console.bar}>
                <Button
                  isDisabled={busy}
                  onPress={() =>
                    void submit(async () => {
                      const found = await house.measures(active, account, next);
                      setEarlier((known) => ({ ...found, measures: [...(known?.measures ?? []), ...found.measures] }));
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

function Whom({ measure: { account_id, name, network } }: { readonly measure: AdminApi.MeasureRow }) {
  if (account_id) return <PageLink part={`users/${account_id}`}>{name || account_id}</PageLink>;
  return <>{network || "a network"}</>;
}

function untilOf({ active, lifted_at, until }: AdminApi.MeasureRow): string {
  if (lifted_at) return `lifted ${fromNow(lifted_at)}`;
  if (!until) return "it is lifted";
  return active ? fullTime(until) : `over since ${fullTime(until)}`;
}

interface DeskProps {
  readonly measure: AdminApi.MeasureRow;
  readonly onChanged: () => void;
}

function Desk({ measure, onChanged }: DeskProps) {
  const may = useMe(({ permissions }) => permissions) ?? new Set<string>();
  const whom = measure.name || measure.network || "the network";
  if (!may.has(measure.kind)) return null;
  return (
    <>
      <Act
        label="Lift"
        look="quiet"
        name={`Lift the ${measure.kind} of ${whom}`}
        title={`Lift the ${measure.kind} of ${whom}?`}
        done="It is lifted."
        onAct={async (reason) => {
          await house.liftMeasure(measure.number, reason);
          onChanged();
        }}
      />
      <Act
        label="Change"
        look="quiet"
        name={`Change the ${measure.kind} of ${whom}`}
        title={`Change the ${measure.kind} of ${whom}`}
        wishes={[
          { name: "minutes", label: "From now on for", kind: "choice", options: LASTING, initial: "10080" },
          { name: "words", label: "Reason of the measure", initial: measure.reason, maxLength: 200 },
          {
            name: "show_reason",
            label: "They read the reason",
            kind: "tick",
            initial: measure.show_reason ? "yes" : "",
          },
        ]}
        asksWhy={false}
        done="It is changed."
        onAct={async (_, { minutes, words = "", show_reason }) => {
          const lasting = numberOf(minutes);
          await house.changeMeasure(measure.number, {
            ...(lasting === null ? { without_end: true } : { minutes: lasting }),
            reason: words,
            show_reason: show_reason === "yes",
          });
          onChanged();
        }}
      />
    </>
  );
}
