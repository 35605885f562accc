import type { LoginSession } from "@mythgate/sdk";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import { Form } from "react-aria-components";
import { session, useLogin } from "../../stores/login.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import { useSubmit } from "../useSubmit.ts";
import { fromNow } from "../when.ts";
import styles from "./Account.module.css";

interface AccountProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** The account itself: its password, and where it is signed in. */
export function Account({ isOpen, onClose }: AccountProps) {
  const login = useLogin((state) => state.login);
  return (
    <Dialog title={`Account ${login?.username ?? ""}`} isOpen={isOpen} onClose={onClose}>
      {login?.isGuest ? (
        <p className={ui.description}>Guests have no password; register to keep what you do.</p>
      ) : (
        <Password />
      )}
      <Sessions />
      <div className={ui.row}>
        <Button onPress={onClose}>Close</Button>
      </div>
    </Dialog>
  );
}

function Password() {
  const [current, setCurrent] = useState("");
  const [replacement, setReplacement] = useState("");
  const [changed, setChanged] = useState(false);
  const { submit, busy, problems } = useSubmit(["current_password", "new_password"]);

  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    setChanged(false);
    if (!(await submit(() => session.changePassword(current, replacement)))) return;
    setCurrent("");
    setReplacement("");
    setChanged(true);
  }

  return (
    <Panel title="Password">
      <Form className={styles.form ?? ""} onSubmit={(event) => void onSubmit(event)} validationBehavior="aria">
        {problems.form && <Problem {...problems.form} />}
        {changed && (
          <p className={ui.note} role="status">
            The password is changed.
          </p>
        )}
        <Field
          label="Present password"
          type="password"
          autoComplete="current-password"
          value={current}
          onChange={setCurrent}
          error={problems.fields.current_password}
        />
        <Field
          label="New password"
          type="password"
          autoComplete="new-password"
          value={replacement}
          onChange={setReplacement}
          error={problems.fields.new_password}
        />
        <div className={ui.row}>
          <Button type="submit" isDisabled={busy || !current || !replacement}>
            Change password
          </Button>
        </div>
      </Form>
    </Panel>
  );
}

const BROWSERS = ["Edg", "OPR", "Firefox", "Chrome", "Safari"];
const SYSTEMS = ["Windows", "Android", "iPhone", "iPad", "Mac OS X", "Linux"];
const PLAIN_NAMES: Readonly<Record<string, string>> = { Edg: "Edge", OPR: "Opera", "Mac OS X": "macOS" };

/** "Firefox on Linux" instead of a browser's long name for itself. */
function clientName({ client, door }: LoginSession): string {
  const browser = BROWSERS.find((name) => client.includes(`${name}/`));
  const system = SYSTEMS.find((name) => client.includes(name));
  if (!browser || !system) return client || door;
  return `${PLAIN_NAMES[browser] ?? browser} on ${PLAIN_NAMES[system] ?? system}`;
}

function Sessions() {
  const [sessions, setSessions] = useState<readonly LoginSession[]>([]);
  const { submit, busy, problems } = useSubmit([]);

  const reload = useCallback(async () => setSessions(await session.loginSessions()), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the dialog opens
  useEffect(() => {
    void submit(reload);
  }, []);

  return (
    <Panel title="Signed in" extra={sessions.length || undefined}>
      {problems.form && <Problem {...problems.form} />}
      <ul className={styles.sessions}>
        {sessions.map((one) => (
          <li key={one.id} className={styles.session}>
            <span className={styles.client}>
              {clientName(one)} {one.address && `from ${one.address}`}{" "}
              <span className={styles.when}>{one.current ? "this one" : `last seen ${fromNow(one.last_seen_at)}`}</span>
            </span>
            {!one.current && (
              <Button
                look="quiet"
                isDisabled={busy}
                aria-label={`Sign out ${clientName(one)}, last seen ${fromNow(one.last_seen_at)}`}
                onPress={() => void submit(() => session.revokeSession(one.id).then(reload))}
              >
                sign out
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
