import type { AppealProof, OwnAppeal, OwnMeasure } from "@mythgate/sdk";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Form } from "react-aria-components";
import {
  APPEAL_LENGTH,
  appeal,
  forget,
  look,
  lookAgain,
  mayAppeal,
  OUTCOMES,
  sentence,
  useAppeal,
} from "../../stores/appeal.ts";
import { goTo } from "../../stores/page.ts";
import { Button } from "../../ui/Button.tsx";
import { Choice } from "../../ui/Choice.tsx";
import { Field } from "../../ui/Field.tsx";
import { Gate } from "../../ui/Gate.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import { useSubmit } from "../useSubmit.ts";
import { useTitle } from "../useTitle.ts";
import { fromNow, fullTime } from "../when.ts";
import styles from "./Appeal.module.css";

/** Whoever is banned or muted says why that is wrong, and reads the answer; nobody has to sign in. */
export function Appeal() {
  const measure = useAppeal((state) => state.measure);
  useTitle("Appeal");
  // Whoever comes to this computer next must not read it.
  useEffect(() => forget, []);
  return (
    <main className={styles.page}>
      <header className={styles.head}>
        <Gate />
        <h1 className={styles.title}>Appeal</h1>
        <Button onPress={() => goTo("status")}>Status</Button>
        <Button onPress={() => goTo("world")}>World</Button>
      </header>
      <p className={ui.description}>
        You were banned or muted and think that is wrong? Say so here, and read the answer here later. You need not be
        signed in. Whoever took the measure does not decide, unless the server is theirs.
      </p>
      {measure ? <Standing measure={measure} /> : <Proof />}
    </main>
  );
}

type By = "code" | "password";

const WAYS: readonly (readonly [By, string])[] = [
  ["code", "by the code I was told"],
  ["password", "by name and password"],
];

function Proof() {
  const [by, setBy] = useState<By>("code");
  // Whoever goes through the ways by keyboard stays there.
  const [switched, setSwitched] = useState(false);
  const [code, setCode] = useState("");
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const { submit, busy, problems, clear } = useSubmit(["code", "username", "password"]);
  const proof: AppealProof = by === "code" ? { code: code.trim() } : { username: username.trim(), password };
  const isWhole = Object.values(proof).every(Boolean);

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (isWhole) void submit(() => look(proof));
  }

  return (
    <Panel title="Who are you?">
      <Form className={styles.form ?? ""} onSubmit={onSubmit} validationBehavior="aria">
        {problems.form && <Problem {...problems.form} />}
        <Choice
          label="Find what is against me"
          value={by}
          options={WAYS}
          onChange={(way) => {
            setBy(way);
            setSwitched(true);
            clear();
          }}
        />
        {by === "code" ? (
          <Field
            label="Code"
            description="Such as K7Q2-M4XD. You are told it with each refusal."
            name="code"
            autoComplete="off"
            autoFocus={!switched}
            spellCheck="false"
            value={code}
            onChange={setCode}
            error={problems.fields.code}
          />
        ) : (
          <>
            <Field
              label="Name"
              description="Of your account."
              name="username"
              autoComplete="username"
              spellCheck="false"
              value={username}
              onChange={setUsername}
              error={problems.fields.username}
            />
            <Field
              label="Password"
              name="password"
              type="password"
              autoComplete="current-password"
              value={password}
              onChange={setPassword}
              error={problems.fields.password}
            />
          </>
        )}
        <div className={ui.row}>
          <Button type="submit" look="primary" isDisabled={busy || !isWhole}>
            Look
          </Button>
        </div>
      </Form>
    </Panel>
  );
}

function Standing({ measure }: { readonly measure: OwnMeasure }) {
  const place = useAppeal((state) => state.place);
  const { submit, busy, problems } = useSubmit([]);
  const [unchanged, setUnchanged] = useState(false);
  const element = useRef<HTMLDivElement>(null);
  const sent = measure.appeal?.created_at;
  // The form that had the focus is gone; reading goes on here.
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs again when an appeal was sent
  useEffect(() => {
    setUnchanged(false);
    element.current?.focus();
  }, [sent]);

  async function onAgain() {
    setUnchanged(false);
    await submit(async () => setUnchanged(!(await lookAgain())));
  }

  return (
    <div ref={element} className={styles.standing} tabIndex={-1}>
      <Panel title="What is against you">
        <div className={styles.form}>
          <p role="status">{sentence(measure, place)}</p>
          {measure.reason && <p className={styles.quote}>Why: {measure.reason}</p>}
          <p className={styles.dim}>
            {measure.active
              ? `Since ${fullTime(measure.since)}, ${measure.until ? `until ${fullTime(measure.until)}` : "until it is lifted"}.`
              : `It began ${fullTime(measure.since)}.`}
          </p>
        </div>
      </Panel>
      {measure.appeal && <Answer appeal={measure.appeal} />}
      {mayAppeal(measure) && <Words again={measure.appeal !== null} />}
      {problems.form && <Problem {...problems.form} />}
      {unchanged && (
        <p role="status" className={styles.dim}>
          Nothing is new.
        </p>
      )}
      <div className={ui.row}>
        <Button isDisabled={busy} onPress={() => void onAgain()}>
          Look again
        </Button>
        <Button look="quiet" onPress={forget}>
          I am somebody else
        </Button>
      </div>
    </div>
  );
}

function Answer({ appeal: { state, text, created_at, answer, decided_at } }: { readonly appeal: OwnAppeal }) {
  return (
    <Panel title="Your appeal">
      <div className={styles.form}>
        <p role="status" className={ui.note}>
          {OUTCOMES[state]}
          {answer && <span className={styles.quote}> They say: {answer}</span>}
        </p>
        <p className={styles.quote}>You wrote: {text}</p>
        <p className={styles.dim}>
          Sent {fromNow(created_at)}
          {decided_at && `, decided ${fromNow(decided_at)}`}.
        </p>
      </div>
    </Panel>
  );
}

function Words({ again }: { readonly again: boolean }) {
  const [text, setText] = useState("");
  const { submit, busy, problems } = useSubmit(["text"]);

  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    await submit(() => appeal(text));
  }

  return (
    <Panel title={again ? "Appeal once more" : "Say why that is wrong"}>
      <Form className={styles.form ?? ""} onSubmit={(event) => void onSubmit(event)} validationBehavior="aria">
        {problems.form && <Problem {...problems.form} />}
        <Field
          label="Why is it wrong?"
          description={`Up to ${APPEAL_LENGTH} characters. The staff reads it.`}
          name="text"
          multiline
          maxLength={APPEAL_LENGTH}
          value={text}
          onChange={setText}
          error={problems.fields.text}
        />
        <div className={ui.row}>
          <Button type="submit" look="primary" isDisabled={busy || !text.trim()}>
            Send it
          </Button>
        </div>
      </Form>
    </Panel>
  );
}
