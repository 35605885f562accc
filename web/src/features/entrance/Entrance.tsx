import { type FormEvent, useState } from "react";
import { Form, Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { isReturning, playAsGuest, register, signIn, useLogin } from "../../stores/login.ts";
import { goTo } from "../../stores/page.ts";
import { enterAsGuest } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { Field } from "../../ui/Field.tsx";
import { Gate } from "../../ui/Gate.tsx";
import { Problem } from "../../ui/Problem.tsx";
import { Tick } from "../../ui/Tick.tsx";
import ui from "../../ui/ui.module.css";
import { useSubmit } from "../useSubmit.ts";
import { useTitle } from "../useTitle.ts";
import styles from "./Entrance.module.css";

type Mode = "sign-in" | "register" | "guest";

const ACTION: Readonly<Record<Mode, string>> = {
  "sign-in": "Sign in",
  register: "Register",
  guest: "Play as a guest",
};

/** Sign in, register or come as a guest. */
export function Entrance() {
  const notice = useLogin((state) => state.notice);
  const claiming = useLogin((state) => state.claim !== null);
  const [mode, setMode] = useState<Mode>(() => (claiming && !isReturning() ? "register" : "sign-in"));
  const [switched, setSwitched] = useState(false);
  useTitle("Sign in");
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <header className={styles.head}>
          <Gate size={56} />
          <h1 className={styles.name}>Mythgate</h1>
          <p className={styles.lead}>Worlds to walk and talk in, lobbies to meet and play.</p>
        </header>
        {notice && (
          <p className={ui.note} role="status">
            {notice}
          </p>
        )}
        {claiming && <p className={ui.note}>Sign in or register: this account will own the server.</p>}
        <Tabs
          selectedKey={mode}
          onSelectionChange={(key) => {
            setMode(key as Mode);
            setSwitched(true);
          }}
        >
          <TabList className={styles.modes ?? ""} aria-label="How to enter">
            <Tab id="sign-in" className={styles.mode ?? ""}>
              Sign in
            </Tab>
            <Tab id="register" className={styles.mode ?? ""}>
              Register
            </Tab>
            <Tab id="guest" className={styles.mode ?? ""}>
              Guest
            </Tab>
          </TabList>
          <TabPanel key={mode} id={mode}>
            <EntranceForm mode={mode} takesFocus={!switched} />
          </TabPanel>
        </Tabs>
        <div className={styles.elsewhere}>
          <Button look="quiet" onPress={() => goTo("lobby")}>
            Lobbies
          </Button>
          <Button look="quiet" onPress={() => goTo("status")}>
            Status of the server
          </Button>
          <Button look="quiet" onPress={() => goTo("appeal")}>
            Banned or muted?
          </Button>
        </div>
      </div>
    </main>
  );
}

interface EntranceFormProps {
  readonly mode: Mode;
  /** On arrival; whoever walks through the tabs by keyboard stays there. */
  readonly takesFocus: boolean;
}

function EntranceForm({ mode, takesFocus }: EntranceFormProps) {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [email, setEmail] = useState("");
  const [stay, setStay] = useState(false);
  const { submit, busy, problems } = useSubmit(["username", "password", "email", "name"]);

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    const name = username.trim();
    void submit(async () => {
      if (mode === "guest") enterAsGuest(await playAsGuest(name));
      else if (mode === "register") await register(name, password, email.trim(), stay);
      else await signIn(name, password, stay);
    });
  }

  const asks = mode !== "guest";
  return (
    <Form className={styles.form ?? ""} onSubmit={onSubmit} validationBehavior="aria">
      {problems.form && <Problem {...problems.form} />}
      <Field
        label={asks ? "Name" : "Name (optional)"}
        name="username"
        autoComplete={asks ? "username" : "off"}
        value={username}
        onChange={setUsername}
        error={problems.fields.username ?? problems.fields.name}
        isRequired={asks}
        autoFocus={takesFocus}
        spellCheck="false"
      />
      {asks && (
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete={mode === "register" ? "new-password" : "current-password"}
          value={password}
          onChange={setPassword}
          error={problems.fields.password}
          isRequired
          {...(mode === "register" ? { description: "At least 8 characters. A sentence is easiest to remember." } : {})}
        />
      )}
      {mode === "register" && (
        <Field
          label="Email (optional)"
          name="email"
          type="email"
          autoComplete="email"
          value={email}
          onChange={setEmail}
          error={problems.fields.email}
        />
      )}
      {asks && (
        <Tick isSelected={stay} onChange={setStay}>
          Stay signed in on this device
        </Tick>
      )}
      {!asks && <p className={ui.description}>A guest and their things are gone when they leave for good.</p>}
      <Button type="submit" look="primary" isDisabled={busy || (asks && (!username.trim() || !password))}>
        {busy ? "One moment…" : ACTION[mode]}
      </Button>
    </Form>
  );
}
