import type { AdminApi } from "@mythgate/sdk";
import { useState } from "react";
import { house } from "../../../stores/adminConsole.ts";
import { Button } from "../../../ui/Button.tsx";
import { Panel } from "../../../ui/Panel.tsx";
import { Problem } from "../../../ui/Problem.tsx";
import { useSubmit } from "../../useSubmit.ts";
import { fromNow, fullTime } from "../../when.ts";
import { Act, numberOf, type Wish } from "../Act.tsx";
import console from "../Console.module.css";
import { Nothing, Shown } from "../Shown.tsx";
import { usePolled } from "../usePolled.ts";

const REFRESH_MS = 30_000;
const SHARD: Wish = {
  name: "number",
  label: "Shard",
  kind: "choice",
  options: Array.from({ length: 12 }, (_, at) => [String(at + 1), `number ${at + 1}`]),
};

/** What happened to the world, and making something happen. */
export function Events({ mayRun }: { readonly mayRun: boolean }) {
  const events = usePolled(() => house.worldEvents(), REFRESH_MS);
  const [earlier, setEarlier] = useState<AdminApi.StaffWorldEvents | null>(null);
  const { submit, busy, problems } = useSubmit([]);
  const more = (before: number) =>
    submit(async () => {
      const page = await house.worldEvents(before);
      setEarlier((known) => ({ ...page, events: [...(known?.events ?? []), ...page.events] }));
    });
  return (
    <>
      {mayRun && (
        <Panel title="Cause">
          <div className={console.bar}>
            <Act
              label="Seal a shard"
              title="Seal a Crystal Shard"
              about="Nobody can take it until the seal is lifted."
              wishes={[
                SHARD,
                {
                  name: "hours",
                  label: "For so many hours",
                  kind: "number",
                  description: "Empty: until it is lifted.",
                },
              ]}
              asksWhy={false}
              done="The shard is sealed."
              onAct={async (_, { number, hours }) => {
                await house.sealShard(Number(number), numberOf(hours));
                events.refresh();
              }}
            />
            <Act
              label="Lift a seal"
              title="Lift the seal of a Crystal Shard"
              wishes={[SHARD]}
              asksWhy={false}
              done="The seal is lifted."
              onAct={async (_, { number }) => {
                await house.unsealShard(Number(number));
                events.refresh();
              }}
            />
            <Act
              label="Take a shard away"
              title="Take a Crystal Shard from its owner"
              about="It is nobody's then."
              wishes={[SHARD]}
              asksWhy={false}
              danger
              done="The shard is nobody's."
              onAct={async (_, { number }) => {
                await house.releaseShard(Number(number));
                events.refresh();
              }}
            />
            <Act
              label="Aetherfall"
              look="danger"
              title="Bring the Aetherfall?"
              about="The cycle ends: all shards are nobody's again, and everybody is told."
              action="Bring it"
              asksWhy={false}
              danger
              done="The Aetherfall has come."
              onAct={async () => {
                await house.causeAetherfall();
                events.refresh();
              }}
            />
          </div>
        </Panel>
      )}
      <Panel title="What happened">
        <Shown of={events}>
          {(page) => {
            const all = [...page.events, ...(earlier?.events ?? [])];
            const next = earlier ? earlier.next_before : page.next_before;
            return all.length === 0 ? (
              <Nothing>Nothing happened to the world yet.</Nothing>
            ) : (
              <div className={console.stack}>
                <ol className={console.entries} aria-label="Events, the newest first">
                  {all.map((one) => (
                    <li key={one.number}>
                      <strong>{one.title}</strong>{" "}
                      <span title={fullTime(one.happened_at)}>{fromNow(one.happened_at)}</span>
                      <p className={console.dim}>{one.description}</p>
                    </li>
                  ))}
                </ol>
                {problems.form && <Problem {...problems.form} />}
                {next !== null && (
                  <Button isDisabled={busy} onPress={() => void more(next)}>
                    Earlier ones
                  </Button>
                )}
              </div>
            );
          }}
        </Shown>
      </Panel>
    </>
  );
}
