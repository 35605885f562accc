import type { AdminApi } from "@mythgate/sdk";
import { type FormEvent, useState } from "react";
import { Form } from "react-aria-components";
import { house } from "../../../stores/adminConsole.ts";
import { Button } from "../../../ui/Button.tsx";
import { Choice } from "../../../ui/Choice.tsx";
import { Field } from "../../../ui/Field.tsx";
import { Tick } from "../../../ui/Tick.tsx";
import { fullTime } from "../../when.ts";
import console from "../Console.module.css";
import { Mark } from "../Facts.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { narrowBy, useNarrowed } from "../useNarrowed.ts";
import { usePolled } from "../usePolled.ts";
import styles from "./Logs.module.css";

const REFRESH_MS = 5_000;

const LEVELS = [
  ["", "Everything"],
  ["info", "Info and worse"],
  ["warning", "Warnings and worse"],
  ["error", "Errors and worse"],
] as const;

/** What the server wrote to its log, the newest first. */
export function LogLines() {
  const wishes = useNarrowed("text", "user", "room", "correlation", "level", "security");
  const lines = usePolled(() => house.logLines(wishes), REFRESH_MS, JSON.stringify(wishes));
  return (
    <>
      <Filters key={JSON.stringify(wishes)} wishes={wishes} />
      <Shown of={lines}>
        {(found) =>
          found.lines.length === 0 ? (
            <Nothing>
              No line fits. The last few thousand lines are searched here; <code>mythgate logs</code> searches the
              files.
            </Nothing>
          ) : (
            <ol className={styles.lines} aria-label="Log, newest first">
              {[...found.lines].reverse().map((line) => (
                <LineOfLog key={line.number} line={line} />
              ))}
            </ol>
          )
        }
      </Shown>
    </>
  );
}

const TONES: Readonly<Record<string, "plain" | "warn" | "bad">> = { warning: "warn", error: "bad", critical: "bad" };

function LineOfLog({ line }: { readonly line: AdminApi.LoggedLine }) {
  const fields = Object.entries(line.fields);
  return (
    <li className={styles.line}>
      <span className={console.dim}>{fullTime(line.at)}</span>
      <Mark tone={TONES[line.level] ?? "plain"}>{line.level}</Mark>
      <span className={styles.said}>
        {line.text}
        {fields.map(([name, value]) => (
          <span key={name} className={console.dim}>
            {` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`}
          </span>
        ))}
      </span>
      <span className={styles.source}>
        <span className={console.dim}>{line.logger}</span>
        {line.correlation && (
          <Button
            look="quiet"
            aria-label={`Everything of ${line.correlation}`}
            onPress={() => narrowBy({ correlation: line.correlation, text: "", user: "", room: "", level: "" })}
          >
            {line.correlation}
          </Button>
        )}
      </span>
    </li>
  );
}

type Wishes = Readonly<Record<"text" | "user" | "room" | "correlation" | "level" | "security", string>>;

function Filters({ wishes }: { readonly wishes: Wishes }) {
  const [typed, setTyped] = useState(wishes);
  const put = (name: keyof Wishes) => (value: string) => setTyped((before) => ({ ...before, [name]: value }));

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    narrowBy(typed);
  }

  return (
    <search>
      <Form className={console.bar ?? ""} onSubmit={onSubmit}>
        <Field label="Text" value={typed.text} onChange={put("text")} autoComplete="off" />
        <Field label="Player" value={typed.user} onChange={put("user")} autoComplete="off" />
        <Field label="Room" value={typed.room} onChange={put("room")} autoComplete="off" />
        <Field label="Correlation id" value={typed.correlation} onChange={put("correlation")} autoComplete="off" />
        <Choice
          label="Level"
          value={typed.level as (typeof LEVELS)[number][0]}
          options={LEVELS}
          onChange={(level) => narrowBy({ ...typed, level })}
        />
        <Tick
          isSelected={typed.security !== ""}
          onChange={(only) => narrowBy({ ...typed, security: only ? "true" : "" })}
        >
          Only security
        </Tick>
        <Button type="submit" look="primary">
          Search
        </Button>
        {Object.values(wishes).some((one) => one !== "") && (
          <Button onPress={() => narrowBy({ text: "", user: "", room: "", correlation: "", level: "", security: "" })}>
            Show all
          </Button>
        )}
      </Form>
    </search>
  );
}
