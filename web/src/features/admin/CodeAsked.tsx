import { type FormEvent, useState } from "react";
import { Form } from "react-aria-components";
import { showCode, useMe } from "../../stores/adminMe.ts";
import { tell } from "../../stores/adminTold.ts";
import { Button } from "../../ui/Button.tsx";
import { Field } from "../../ui/Field.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import { useSubmit } from "../useSubmit.ts";
import styles from "./Console.module.css";
import { PageLink } from "./PageLink.tsx";

/** Says that some of what one may do waits for the second factor, and takes a code for it. */
export function CodeAsked() {
  const { waiting, factor } = useMe();
  const [code, setCode] = useState("");
  const { submit, busy, problems } = useSubmit(["code"]);
  if (waiting.length === 0 || !factor) return null;
  if (!factor.enrolled)
    return (
      <p className={ui.note}>
        Admins and owners need a second factor on this server. Until you have one, most of what your role may do waits.{" "}
        <PageLink part="factor">Set it up now</PageLink>
      </p>
    );

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    void submit(async () => {
      await showCode(code.trim());
      setCode("");
      tell("Thank you. Everything is open to you.");
    });
  }

  return (
    <section className={ui.note} aria-label="A code is asked for">
      <Form className={styles.bar ?? ""} onSubmit={onSubmit} validationBehavior="aria">
        <p>Show a code of your authenticator to do everything that your role may.</p>
        <Field
          label="Code"
          name="code"
          value={code}
          onChange={setCode}
          error={problems.fields.code}
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={100}
        />
        <Button type="submit" look="primary" isDisabled={busy || !code.trim()}>
          Show it
        </Button>
      </Form>
      {problems.form && <Problem {...problems.form} />}
    </section>
  );
}
