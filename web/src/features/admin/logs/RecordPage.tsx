import type { AdminApi } from "@mythgate/sdk";
import { type FormEvent, useState } from "react";
import { Form } from "react-aria-components";
import { house } from "../../../stores/adminConsole.ts";
import { actName, TIME } from "../../../stores/administration.ts";
import { actorOf, toldOf } from "../../../stores/adminRecord.ts";
import { tell } from "../../../stores/adminTold.ts";
import { Button } from "../../../ui/Button.tsx";
import { Field } from "../../../ui/Field.tsx";
import { Problem } from "../../../ui/Problem.tsx";
import { useSubmit } from "../../useSubmit.ts";
import { fullTime } from "../../when.ts";
import console from "../Console.module.css";
import { Mark } from "../Facts.tsx";
import { PageLink } from "../PageLink.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { narrowBy, useNarrowed } from "../useNarrowed.ts";
import { usePolled } from "../usePolled.ts";
import styles from "./Logs.module.css";

const REFRESH_MS = 30_000;

/** Who of the staff did what, with what was before and after. */
export function RecordPage() {
  const wishes = useNarrowed("actor", "subject", "action", "text");
  const key = JSON.stringify(wishes);
  const record = usePolled(() => house.record(wishes), REFRESH_MS, key);
  return (
    <>
      <Filters key={key} wishes={wishes} />
      <Verification />
      <Shown of={record}>{(page) => <Entries key={key} page={page} wishes={wishes} />}</Shown>
    </>
  );
}

type Wishes = Readonly<Record<"actor" | "subject" | "action" | "text", string>>;

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
        <Field label="Who did it" value={typed.actor} onChange={put("actor")} autoComplete="off" />
        <Field label="To whom or what" value={typed.subject} onChange={put("subject")} autoComplete="off" />
        <Field label="Act, such as account." value={typed.action} onChange={put("action")} autoComplete="off" />
        <Field label="Text" value={typed.text} onChange={put("text")} autoComplete="off" />
        <Button type="submit" look="primary">
          Search
        </Button>
        {Object.values(wishes).some((one) => one !== "") && (
          <Button onPress={() => narrowBy({ actor: "", subject: "", action: "", text: "" })}>Show all</Button>
        )}
      </Form>
    </search>
  );
}

function Verification() {
  const { submit, busy, problems } = useSubmit([]);
  const [found, setFound] = useState<AdminApi.RecordVerification | null>(null);
  const verify = () =>
    submit(async () => {
      const verified = await house.verifyRecord();
      setFound(verified);
      tell(verified.sound ? `All ${verified.entries} entries are as they were written.` : "The record was changed.");
    });
  return (
    <>
      <div className={console.bar}>
        <Button isDisabled={busy} onPress={() => void verify()}>
          Has anybody changed it?
        </Button>
      </div>
      {problems.form && <Problem {...problems.form} />}
      {found?.sound && (
        <p className={console.dim}>
          {found.entries} entries hold together; the last is number {found.newest} with the hash{" "}
          <code>{found.hash}</code>
        </p>
      )}
      {found && !found.sound && (
        <Problem
          message={`The chain does not hold: ${found.faults.map(({ number, fault }) => `entry ${number} (${fault})`).join(", ")}.`}
          hint="Somebody changed the database beside the server. Compare with a backup."
        />
      )}
    </>
  );
}

function Entries({ page, wishes }: { readonly page: AdminApi.RecordEntries; readonly wishes: Wishes }) {
  const [earlier, setEarlier] = useState<AdminApi.RecordEntries | null>(null);
  const { submit, busy, problems } = useSubmit([]);
  const known = new Set(page.entries.map(({ number }) => number));
  const all = [...page.entries, ...(earlier?.entries ?? []).filter(({ number }) => !known.has(number))];
  const next = earlier ? earlier.next : page.next;
  const more = (before: number) =>
    submit(async () => {
      const found = await house.record(wishes, before);
      setEarlier((shown) => ({ ...found, entries: [...(shown?.entries ?? []), ...found.entries] }));
    });
  if (all.length === 0) return <Nothing>No entry fits. Everything that the staff does is written here.</Nothing>;
  return (
    <>
      <ol className={styles.lines} aria-label="Record, newest first">
        {all.map((entry) => (
          <Entry key={entry.number} entry={entry} />
        ))}
      </ol>
      {problems.form && <Problem {...problems.form} />}
      {next !== null && (
        <div className={console.bar}>
          <Button isDisabled={busy} onPress={() => void more(next)}>
            Earlier ones
          </Button>
        </div>
      )}
    </>
  );
}

function Entry({ entry }: { readonly entry: AdminApi.RecordEntry }) {
  const { changes, facts } = toldOf(entry.detail);
  return (
    <li className={styles.entry}>
      <span className={console.dim}>{fullTime(entry.at)}</span>
      <div className={styles.changes}>
        <p>
          <strong>{actorOf(entry)}</strong>: {actName(entry.action)}{" "}
          {entry.subject_name ? (
            <PageLink part={`users/${entry.subject}`}>{entry.subject_name}</PageLink>
          ) : (
            <span className={console.dim}>{entry.subject}</span>
          )}{" "}
          {entry.erased && <Mark>erased with the person</Mark>}
        </p>
        {changes.map(({ name, before, after }) => (
          <p key={name}>
            {name && <span className={console.dim}>{name}: </span>}
            <span className={styles.was}>{shown(before) || "nothing"}</span> → {shown(after) || "nothing"}
          </p>
        ))}
        {facts.length > 0 && (
          <p className={console.dim}>{facts.map(([name, value]) => `${name}: ${shown(value)}`).join(", ")}</p>
        )}
      </div>
      <span className={console.dim}>
        {entry.number} {entry.action}
      </span>
    </li>
  );
}

const shown = (value: string): string => (TIME.test(value) ? fullTime(value) : value);
