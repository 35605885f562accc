import type { ClanDetails, ClanEntry, OwnClan } from "@mythgate/sdk";
import { type FormEvent, useState } from "react";
import { Form } from "react-aria-components";
import { session } from "../../stores/login.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import { useSubmit } from "../useSubmit.ts";
import styles from "./Lobby.module.css";

interface FormProps {
  readonly onDone: () => void;
  readonly onClose: () => void;
}

const FIELDS = ["name", "motto", "url", "contact", "motd", "maintenance_password", "member_password"];
const PASSWORDS = "4 to 15 characters, as old clients have room for.";

type Texts = Record<keyof ClanDetails, string>;

const DETAILS: readonly { name: keyof ClanDetails; label: string; description?: string; multiline?: true }[] = [
  { name: "motto", label: "Motto" },
  { name: "motd", label: "Greeting", description: "Members read it.", multiline: true },
  { name: "url", label: "Web page" },
  { name: "contact", label: "Contact", description: "Whom to write to." },
];

interface DetailFieldsProps {
  readonly texts: Texts;
  readonly onChange: (change: Partial<Texts>) => void;
  readonly problems: Readonly<Record<string, string>>;
}

function DetailFields({ texts, onChange, problems }: DetailFieldsProps) {
  return DETAILS.map(({ name, label, description, multiline }) => (
    <Field
      key={name}
      label={label}
      name={name}
      value={texts[name]}
      onChange={(text) => onChange({ [name]: text })}
      error={problems[name]}
      autoComplete="off"
      {...(description ? { description } : {})}
      {...(multiline ? { multiline } : {})}
    />
  ));
}

export function FoundClan({ onDone, onClose }: FormProps) {
  const [texts, setTexts] = useState({
    name: "",
    motto: "",
    motd: "",
    url: "",
    contact: "",
    maintenance_password: "",
    member_password: "",
  });
  const { submit, problems } = useSubmit(FIELDS);
  const set = (change: Partial<typeof texts>) => setTexts((before) => ({ ...before, ...change }));

  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (!(await submit(() => session.foundClan(texts)))) return;
    onDone();
    onClose();
  }

  return (
    <Dialog title="Found a clan" isOpen onClose={onClose}>
      <Form className={styles.form ?? ""} onSubmit={(event) => void onSubmit(event)} validationBehavior="aria">
        {problems.form && <Problem {...problems.form} />}
        <p className={ui.description}>You lead it. With fewer than three members it goes after ten days.</p>
        <Field
          label="Name"
          name="name"
          value={texts.name}
          onChange={(name) => set({ name })}
          error={problems.fields.name}
          autoComplete="off"
          autoFocus
        />
        <DetailFields texts={texts} onChange={set} problems={problems.fields} />
        <Field
          label="Member password"
          name="member_password"
          description={`Whoever knows it may join. ${PASSWORDS}`}
          value={texts.member_password}
          onChange={(member_password) => set({ member_password })}
          error={problems.fields.member_password}
          autoComplete="off"
        />
        <Field
          label="Maintenance password"
          name="maintenance_password"
          description={`Whoever knows it may change the clan as you may. ${PASSWORDS}`}
          value={texts.maintenance_password}
          onChange={(maintenance_password) => set({ maintenance_password })}
          error={problems.fields.maintenance_password}
          autoComplete="off"
        />
        <div className={ui.row}>
          <Button type="submit" look="primary">
            Found the clan
          </Button>
          <Button onPress={onClose}>Cancel</Button>
        </div>
      </Form>
    </Dialog>
  );
}

export function JoinClan({ clan, onDone, onClose }: FormProps & { readonly clan: ClanEntry }) {
  const [password, setPassword] = useState("");
  const { submit, problems } = useSubmit(["member_password"]);

  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (!(await submit(() => session.joinClan(clan.number, password)))) return;
    onDone();
    onClose();
  }

  return (
    <Dialog title={`Join ${clan.name}`} isOpen onClose={onClose}>
      <Form className={styles.form ?? ""} onSubmit={(event) => void onSubmit(event)} validationBehavior="aria">
        {problems.form && <Problem {...problems.form} />}
        <Field
          label="Member password"
          name="member_password"
          type="password"
          description="A member of the clan can tell you."
          value={password}
          onChange={setPassword}
          error={problems.fields.member_password}
          autoComplete="off"
          autoFocus
        />
        <div className={ui.row}>
          <Button type="submit" look="primary" isDisabled={!password}>
            Join
          </Button>
          <Button onPress={onClose}>Cancel</Button>
        </div>
      </Form>
    </Dialog>
  );
}

interface ChangeClanProps extends FormProps {
  readonly clan: OwnClan;
  readonly leads: boolean;
}

export function ChangeClan({ clan, leads, onDone, onClose }: ChangeClanProps) {
  const { motto, motd, url, contact } = clan;
  const [texts, setTexts] = useState<Texts>({ motto, motd, url, contact });
  const [password, setPassword] = useState("");
  const [forMembers, setForMembers] = useState("");
  const [forChanges, setForChanges] = useState("");
  const { submit, problems } = useSubmit(FIELDS);
  const { maintenance_password: refusedForChanges, member_password: refusedForMembers } = problems.fields;

  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    const done = await submit(() =>
      session.changeClan(clan.number, {
        ...texts,
        ...(leads ? {} : { maintenance_password: password }),
        ...(forMembers ? { new_member_password: forMembers } : {}),
        ...(forChanges ? { new_maintenance_password: forChanges } : {}),
      }),
    );
    if (!done) return;
    onDone();
    onClose();
  }

  return (
    <Dialog title={`Change ${clan.name}`} isOpen onClose={onClose}>
      <Form className={styles.form ?? ""} onSubmit={(event) => void onSubmit(event)} validationBehavior="aria">
        {problems.form && <Problem {...problems.form} />}
        {!leads && (
          <Field
            label="Maintenance password"
            name="current_maintenance_password"
            type="password"
            description="Only the leader does without it."
            value={password}
            onChange={setPassword}
            autoComplete="off"
          />
        )}
        <DetailFields
          texts={texts}
          onChange={(change) => setTexts((before) => ({ ...before, ...change }))}
          problems={problems.fields}
        />
        <Field
          label="New member password"
          name="member_password"
          description={`Empty: it stays as it is. ${PASSWORDS}`}
          value={forMembers}
          onChange={setForMembers}
          error={refusedForMembers}
          autoComplete="off"
        />
        <Field
          label="New maintenance password"
          name="maintenance_password"
          description={`Empty: it stays as it is. ${PASSWORDS}`}
          value={forChanges}
          onChange={setForChanges}
          error={refusedForChanges}
          autoComplete="off"
        />
        <div className={ui.row}>
          <Button type="submit" look="primary" isDisabled={!leads && !password}>
            Save
          </Button>
          <Button onPress={onClose}>Cancel</Button>
        </div>
      </Form>
    </Dialog>
  );
}
