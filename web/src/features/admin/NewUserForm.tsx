import type { CreatedUser, Role } from "@mythgate/sdk";
import { type FormEvent, useState } from "react";
import { Form } from "react-aria-components";
import { createUser, roleName, rolesBelow } from "../../stores/administration.ts";
import { goTo } from "../../stores/page.ts";
import { Button } from "../../ui/Button.tsx";
import { Choice } from "../../ui/Choice.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import { useSubmit } from "../useSubmit.ts";
import styles from "./Admin.module.css";
import { Told } from "./Told.tsx";

interface NewUserFormProps {
  /** Of who makes the account. */
  readonly role: string;
  readonly onClose: () => void;
}

/** An account for somebody else, whose password the server makes up unless one is given. */
export function NewUserForm({ role: own, onClose }: NewUserFormProps) {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("player");
  const [created, setCreated] = useState<CreatedUser | null>(null);
  const { submit, busy, problems } = useSubmit(["username", "password", "email"]);

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    void submit(async () => {
      const name = username.trim();
      const made = await createUser({
        username: name,
        role,
        ...(password ? { password } : {}),
        ...(email.trim() ? { email: email.trim() } : {}),
      });
      goTo("admin", `users/${made.id}`, new URLSearchParams({ search: made.name }).toString());
      if (made.password === null) onClose();
      else setCreated(made);
    });
  }

  if (created?.password) {
    return (
      <Dialog title={`${created.name} has an account`} isOpen onClose={onClose} alert>
        <Told secret={created.password} about={`Tell ${created.name} this password. It is shown only now.`} />
        <div className={ui.row}>
          <Button look="primary" onPress={onClose}>
            Done
          </Button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title="New account" isOpen onClose={onClose} alert>
      <Form className={styles.form ?? ""} onSubmit={onSubmit} validationBehavior="aria">
        {problems.form && <Problem {...problems.form} />}
        <Field
          label="Name"
          name="username"
          value={username}
          onChange={setUsername}
          error={problems.fields.username}
          autoComplete="off"
          spellCheck="false"
          isRequired
          autoFocus
        />
        <Field
          label="Password (optional)"
          name="password"
          type="password"
          value={password}
          onChange={setPassword}
          error={problems.fields.password}
          autoComplete="new-password"
          description="Left empty, one is made up and shown to you once."
        />
        <Field
          label="Email (optional)"
          name="email"
          type="email"
          value={email}
          onChange={setEmail}
          error={problems.fields.email}
          autoComplete="off"
        />
        <Choice
          label="Role"
          value={role}
          options={rolesBelow(own).map((one) => [one, roleName(one)])}
          onChange={setRole}
        />
        <div className={ui.row}>
          <Button type="submit" look="primary" isDisabled={busy || !username.trim()}>
            Create
          </Button>
          <Button onPress={onClose}>Cancel</Button>
        </div>
      </Form>
    </Dialog>
  );
}
