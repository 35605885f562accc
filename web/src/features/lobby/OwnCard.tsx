import type { OwnProfile } from "@mythgate/sdk";
import { type FormEvent, useEffect, useId, useState } from "react";
import { Form } from "react-aria-components";
import { session } from "../../stores/login.ts";
import { showProfile, usePage } from "../../stores/page.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import { useSubmit } from "../useSubmit.ts";
import styles from "./Lobby.module.css";

/** How the player is shown in lobbies, and the password of their old game clients. */
export function OwnCard() {
  const isOpen = usePage((state) => state.profileOpen);
  const onClose = () => showProfile(false);
  return (
    <Dialog title="Your profile" isOpen={isOpen} onClose={onClose}>
      <ProfileForm />
      <GamePassword />
      <div className={ui.row}>
        <Button onPress={onClose}>Close</Button>
      </div>
    </Dialog>
  );
}

type Text = Exclude<keyof OwnProfile, "primary_color" | "secondary_color" | "icon">;

const TEXTS: readonly { name: Text; label: string; description?: string }[] = [
  {
    name: "shown_name",
    label: "Shown as",
    description: "Empty: your name. |b bold, |i italic, |u underlined, |p plain.",
  },
  { name: "team", label: "Team" },
  { name: "city", label: "City" },
  { name: "state", label: "State" },
  { name: "country", label: "Country" },
  { name: "quote", label: "A few words" },
];

/** The fields as the server may refuse them. */
const NAMES = ["shown_name", "name", "team", "city", "state", "country", "quote", "icon"];

function ProfileForm() {
  const [profile, setProfile] = useState<OwnProfile | null>(null);
  const [saved, setSaved] = useState(false);
  const { submit, problems } = useSubmit(NAMES);

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the dialog opens
  useEffect(() => {
    void submit(async () => setProfile(await session.ownProfile()));
  }, []);

  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    setSaved(false);
    if (profile && (await submit(async () => setProfile(await session.saveProfile(profile))))) setSaved(true);
  }

  const set = (change: Partial<OwnProfile>) => {
    setSaved(false);
    setProfile((before) => before && { ...before, ...change });
  };
  if (!profile) return problems.form ? <Problem {...problems.form} /> : null;
  return (
    <Form className={styles.form ?? ""} onSubmit={(event) => void onSubmit(event)} validationBehavior="aria">
      {problems.form && <Problem {...problems.form} />}
      {saved && (
        <p className={ui.note} role="status">
          Saved.
        </p>
      )}
      {TEXTS.map(({ name, label, description }) => (
        <Field
          key={name}
          label={label}
          name={name}
          value={profile[name]}
          onChange={(text) => set({ [name]: text })}
          error={problems.fields[name] ?? (name === "shown_name" ? problems.fields.name : undefined)}
          {...(description ? { description } : {})}
          autoComplete="off"
        />
      ))}
      <Field
        label="Icon"
        name="icon"
        type="number"
        description="Number of the picture Myth shows for you, 0 to 255."
        value={String(profile.icon)}
        onChange={(icon) => set({ icon: Math.trunc(Number(icon)) || 0 })}
        error={problems.fields.icon}
      />
      <div className={ui.row}>
        <ColourField
          label="Colour"
          value={profile.primary_color}
          onChange={(primary_color) => set({ primary_color })}
        />
        <ColourField
          label="Second colour"
          value={profile.secondary_color}
          onChange={(secondary_color) => set({ secondary_color })}
        />
      </div>
      <div className={ui.row}>
        <Button type="submit" look="primary">
          Save
        </Button>
      </div>
    </Form>
  );
}

interface ColourFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function ColourField({ label, value, onChange }: ColourFieldProps) {
  const id = useId();
  return (
    <span className={styles.colourField}>
      <label htmlFor={id} className={ui.label}>
        {label}
      </label>
      <input id={id} type="color" value={value} onChange={(event) => onChange(event.target.value)} />
    </span>
  );
}

function GamePassword() {
  const [isSet, setIsSet] = useState<boolean | null>(null);
  const [current, setCurrent] = useState("");
  const [replacement, setReplacement] = useState("");
  const { submit, problems } = useSubmit(["current_password", "new_password"]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the dialog opens
  useEffect(() => {
    void submit(async () => setIsSet(await session.hasGamePassword()));
  }, []);

  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (!(await submit(() => session.setGamePassword(current, replacement)))) return;
    setCurrent("");
    setReplacement("");
    setIsSet(true);
  }

  return (
    <Panel title="Password for old games">
      <p className={ui.description}>
        Old game clients send their password as it is. Give them one of their own, and yours stays secret.
      </p>
      <p role="status">
        {isSet === true && "You have a game password."}
        {isSet === false && "You have no game password."}
      </p>
      <Form className={styles.form ?? ""} onSubmit={(event) => void onSubmit(event)} validationBehavior="aria">
        {problems.form && <Problem {...problems.form} />}
        <Field
          label="Your password"
          name="current_password"
          type="password"
          autoComplete="current-password"
          value={current}
          onChange={setCurrent}
          error={problems.fields.current_password}
        />
        <Field
          label="Game password"
          name="new_password"
          type="password"
          autoComplete="off"
          value={replacement}
          onChange={setReplacement}
          error={problems.fields.new_password}
        />
        <div className={ui.row}>
          <Button type="submit">Set game password</Button>
          {isSet && (
            <Button
              onPress={() =>
                void submit(async () => {
                  await session.clearGamePassword();
                  setIsSet(false);
                })
              }
            >
              Do without
            </Button>
          )}
        </div>
      </Form>
    </Panel>
  );
}
