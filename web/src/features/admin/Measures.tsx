import type { PasswordKind, Role, UserCard } from "@mythgate/sdk";
import { useState } from "react";
import {
  givePassword,
  lockUser,
  roleName,
  setHidden,
  setRole,
  takeGamePassword,
  unlockUser,
} from "../../stores/administration.ts";
import { Button } from "../../ui/Button.tsx";
import { Choice } from "../../ui/Choice.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import ui from "../../ui/ui.module.css";
import styles from "./Admin.module.css";
import { Ask } from "./Ask.tsx";
import { Told } from "./Told.tsx";

interface MeasuresProps {
  readonly card: UserCard;
  /** The account as it is now. */
  readonly onChanged: (card: UserCard) => void;
  /** Something changed of which the answer said nothing. */
  readonly onStale: () => void;
}

type Open = "lock" | "unlock" | "role" | "hide" | PasswordKind | "no-game-password" | null;

/** What one may do about an account. Everything asks once more, and most things for a reason. */
export function Measures({ card, onChanged, onStale }: MeasuresProps) {
  const [open, setOpen] = useState<Open>(null);
  const may = new Set(card.may);
  const close = () => setOpen(null);
  const changed = (next: UserCard) => {
    onChanged(next);
    close();
  };
  const stale = () => {
    onStale();
    close();
  };
  if (may.size === 0) return <p className={styles.dim}>There is nothing you may do about this account.</p>;
  return (
    <>
      <section className={ui.row} aria-label={`What to do about ${card.name}`}>
        {may.has("lock") && (
          <Button look="danger" onPress={() => setOpen("lock")}>
            Lock
          </Button>
        )}
        {may.has("unlock") && <Button onPress={() => setOpen("unlock")}>Unlock</Button>}
        {may.has("reset_password") && (
          <>
            <Button onPress={() => setOpen("password")}>New password</Button>
            <Button onPress={() => setOpen("game-password")}>Game password</Button>
            {card.has_game_password && (
              <Button onPress={() => setOpen("no-game-password")}>Remove game password</Button>
            )}
          </>
        )}
        {may.has("set_role") && <Button onPress={() => setOpen("role")}>Change role</Button>}
        {may.has("hide") && <Button onPress={() => setOpen("hide")}>{card.hidden ? "Show" : "Hide"}</Button>}
      </section>
      {open === "lock" && <Lock card={card} onDone={changed} onClose={close} />}
      {open === "unlock" && (
        <Ask
          title={`Unlock ${card.name}?`}
          action="Unlock"
          onAct={async (reason) => changed(await unlockUser(card.id, reason))}
          onClose={close}
        >
          <p>The account may sign in again.</p>
        </Ask>
      )}
      {open === "role" && <GiveRole card={card} onDone={changed} onClose={close} />}
      {(open === "password" || open === "game-password") && (
        <GivePassword card={card} kind={open} onDone={stale} onClose={close} />
      )}
      {open === "no-game-password" && (
        <Ask
          title={`Remove the game password of ${card.name}?`}
          action="Remove"
          danger
          onAct={async (reason) => {
            await takeGamePassword(card.id, reason);
            stale();
          }}
          onClose={close}
        >
          <p>Old game clients then take the account's own password, if this server allows that.</p>
        </Ask>
      )}
      {open === "hide" && (
        <Ask
          title={card.hidden ? `Show ${card.name} again?` : `Hide ${card.name}?`}
          action={card.hidden ? "Show" : "Hide"}
          asksWhy={false}
          onAct={async () => changed(await setHidden(card.id, !card.hidden))}
          onClose={close}
        >
          <p>
            {card.hidden ? "Lobbies show the account again" : "Lobbies do not show the account"} when it comes in next.
          </p>
        </Ask>
      )}
    </>
  );
}

interface FormProps {
  readonly card: UserCard;
  readonly onDone: (card: UserCard) => void;
  readonly onClose: () => void;
}

const LASTING = [
  ["1", "One day"],
  ["7", "A week"],
  ["30", "30 days"],
  ["365", "A year"],
  ["", "Until somebody unlocks it"],
] as const;

function Lock({ card, onDone, onClose }: FormProps) {
  const [days, setDays] = useState<(typeof LASTING)[number][0]>("7");
  return (
    <Ask
      title={`Lock ${card.name}?`}
      action="Lock"
      danger
      onAct={async (reason) => onDone(await lockUser(card.id, days === "" ? null : Number(days), reason))}
      onClose={onClose}
    >
      <p>{card.name} is gone from the world and all lobbies at once, whatever client they use, and cannot sign in.</p>
      <Choice label="For" value={days} options={LASTING} onChange={setDays} />
    </Ask>
  );
}

function GiveRole({ card, onDone, onClose }: FormProps) {
  const [role, setChosen] = useState<Role>(card.grantable[0] ?? card.role);
  return (
    <Ask
      title={`Another role for ${card.name}`}
      action="Change role"
      onAct={async (reason) => onDone(await setRole(card.id, role, reason))}
      onClose={onClose}
    >
      <p>
        {card.name} is {roleName(card.role)} now. The new role holds at once.
      </p>
      <Choice
        label="New role"
        value={role}
        options={card.grantable.map((one) => [one, roleName(one)])}
        onChange={setChosen}
      />
    </Ask>
  );
}

const PASSWORDS: Readonly<Record<PasswordKind, { title: string; about: string }>> = {
  password: {
    title: "A new password for",
    about: "They are signed out everywhere, and have no game password any more.",
  },
  "game-password": {
    title: "A game password for",
    about: "For old game clients only, which show it to the network. 4 to 15 characters.",
  },
};

interface GivePasswordProps {
  readonly card: UserCard;
  readonly kind: PasswordKind;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

function GivePassword({ card, kind, onDone, onClose }: GivePasswordProps) {
  const [password, setPassword] = useState("");
  const [madeUp, setMadeUp] = useState<string | null>(null);
  const { title, about } = PASSWORDS[kind];

  async function act(reason: string) {
    const told = await givePassword(card.id, kind, password, reason);
    if (told === null) onDone();
    else setMadeUp(told);
  }

  if (madeUp !== null) {
    return (
      <Dialog title={`${title} ${card.name}`} isOpen onClose={onDone} alert>
        <Told secret={madeUp} about={`Tell ${card.name} this password. It is shown only now.`} />
        <div className={ui.row}>
          <Button look="primary" onPress={onDone}>
            Done
          </Button>
        </div>
      </Dialog>
    );
  }
  return (
    <Ask
      title={`${title} ${card.name}`}
      action="Set password"
      danger={kind === "password"}
      fields={["password"]}
      onAct={act}
      onClose={onClose}
    >
      {(errors) => (
        <>
          <p>{about}</p>
          <Field
            label="Password (optional)"
            name="password"
            type="password"
            value={password}
            onChange={setPassword}
            error={errors.password}
            autoComplete="new-password"
            description="Left empty, one is made up and shown to you once."
          />
        </>
      )}
    </Ask>
  );
}
