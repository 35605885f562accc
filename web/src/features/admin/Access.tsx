import type { AdminApi } from "@mythgate/sdk";
import { house } from "../../stores/adminConsole.ts";
import { doorName } from "../../stores/status.ts";
import { Panel } from "../../ui/Panel.tsx";
import { fromNow, fullTime } from "../when.ts";
import console from "./Console.module.css";
import { Mark } from "./Facts.tsx";
import { Nothing, Shown } from "./Shown.tsx";
import { Table } from "./Table.tsx";
import { usePolled } from "./usePolled.ts";

/** Why somebody may or may not come in, check by check as the server makes them. */
export function Access({ name }: { readonly name: string }) {
  const why = usePolled(() => house.why(name), null, name);
  return (
    <Shown of={why}>
      {(told) => (
        <div className={console.stack}>
          <p>{inShort(told)}</p>
          <Panel title="Signing in, by door">
            {told.doors.map((path) => (
              <Path key={path.name} path={path} label={doorName(path.name)} />
            ))}
          </Panel>
          <Panel title="Entering lobbies">
            {told.rooms.map((path) => (
              <Path key={path.name} path={path} label={path.name} />
            ))}
          </Panel>
          <Panel title="Refused lately" extra={told.refusals.length}>
            {told.refusals.length === 0 ? (
              <Nothing>Nothing since the server started.</Nothing>
            ) : (
              <Table
                label="Refused lately"
                rows={told.refusals}
                keyOf={(one) => `${one.at} ${one.code}`}
                columns={[
                  { name: "Code", of: (one) => one.code },
                  { name: "When", of: (one) => <span title={fullTime(one.at)}>{fromNow(one.at)}</span> },
                  { name: "Door", of: (one) => doorName(one.door) },
                  { name: "Asked to", of: (one) => one.asked },
                ]}
              />
            )}
          </Panel>
        </div>
      )}
    </Shown>
  );
}

function inShort({ may_sign_in, may_enter, muted, muted_until, live }: AdminApi.Why): string {
  const entry = !may_sign_in
    ? "They cannot sign in."
    : may_enter
      ? "Nothing that is known keeps them out."
      : "They can sign in, and there is a lobby that they cannot enter.";
  const voice = muted
    ? ` They are muted ${muted_until ? `until ${fullTime(muted_until)}` : "until it is lifted"}.`
    : "";
  return entry + voice + (live ? "" : " This is what the database says; the server was not asked.");
}

const ANSWERS: Readonly<Record<AdminApi.Answer, { tone: "plain" | "good" | "bad"; word: string }>> = {
  yes: { tone: "good", word: "passes" },
  no: { tone: "bad", word: "refused" },
  exempt: { tone: "plain", word: "not asked" },
  unknown: { tone: "plain", word: "not known" },
};

function Path({ path, label }: { readonly path: AdminApi.WhyPath; readonly label: string }) {
  return (
    <details open={!path.may}>
      <summary>
        {label} <Mark tone={path.may ? "good" : "bad"}>{path.may ? "may" : "may not"}</Mark>
      </summary>
      <Table
        label={`What is asked: ${label}`}
        rows={path.steps}
        keyOf={(step) => step.check}
        columns={[
          { name: "Check", of: (step) => step.check },
          { name: "Answer", of: ({ answer }) => <Mark tone={ANSWERS[answer].tone}>{ANSWERS[answer].word}</Mark> },
          { name: "Found", of: (step) => step.found },
          { name: "Needed", of: (step) => step.needed },
          { name: "They read", of: (step) => step.message },
          { name: "Remedy", of: (step) => step.remedy },
        ]}
      />
    </details>
  );
}
