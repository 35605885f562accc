import type { User } from "@mythgate/sdk";
import { useEffect, useRef, useState } from "react";
import { lookFor, mayCreate, showMore, type UserQuery, useRole, useUsers } from "../../stores/administration.ts";
import { goTo, usePage } from "../../stores/page.ts";
import { Button } from "../../ui/Button.tsx";
import { Choice } from "../../ui/Choice.tsx";
import { Field } from "../../ui/Field.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import { fromNow } from "../when.ts";
import styles from "./Admin.module.css";
import { Marks } from "./Marks.tsx";
import { NewUserForm } from "./NewUserForm.tsx";
import { UserDetails } from "./UserDetails.tsx";
import { narrowBy, useNarrowed } from "./useNarrowed.ts";

const TYPING_MS = 250;

const ROLES = [
  ["", "Every role"],
  ["player", "Players"],
  ["read_only", "Read-only"],
  ["tournament", "Tournament staff"],
  ["moderator", "Moderators"],
  ["admin", "Admins"],
  ["owner", "Owners"],
] as const;

const STATUSES = [
  ["", "Every status"],
  ["active", "Active"],
  ["disabled", "Locked"],
  ["deleted", "Deleted"],
] as const;

/** Everybody with an account, and one of them closely. `address` is the id of that one, and the page about them. */
export function Users({ rest: address }: { readonly rest: string }) {
  const [rest = "", view = ""] = address.split("/");
  const role = useRole((state) => state.role);
  const [creating, setCreating] = useState(false);
  const before = useRef(rest);
  // Back to the list: at whom one was.
  useEffect(() => {
    if (rest === "" && before.current !== "") document.getElementById(rowId(before.current))?.focus();
    before.current = rest;
  }, [rest]);
  return (
    <div className={styles.users} data-chosen={rest !== "" || undefined}>
      <div className={styles.list}>
        <Panel title="Accounts" extra={<Count />}>
          <Filters />
          {mayCreate(role) && (
            <div className={styles.above}>
              <Button onPress={() => setCreating(true)}>New account</Button>
            </div>
          )}
          <List chosen={rest} />
        </Panel>
      </div>
      {rest !== "" ? (
        <UserDetails key={rest} id={rest} view={view} onBack={() => goTo("admin", "users", usePage.getState().query)} />
      ) : (
        <p className={styles.nobody}>Choose somebody to see what is known of them.</p>
      )}
      {creating && <NewUserForm role={role} onClose={() => setCreating(false)} />}
    </div>
  );
}

function Count() {
  const { users, next, loaded } = useUsers();
  return loaded ? (
    <span data-testid="user-count">
      {users.length}
      {next === null ? "" : "+"}
    </span>
  ) : null;
}

function Filters() {
  const { search: wanted, role, status } = useNarrowed("search", "role", "status") as UserQuery;
  const [search, setSearch] = useState(wanted);
  const typed = useRef(wanted);
  // Of a new account, the list is narrowed from elsewhere.
  useEffect(() => {
    if (typed.current !== wanted) setSearch(wanted);
    typed.current = wanted;
  }, [wanted]);
  // What is known stays on the screen meanwhile.
  useEffect(() => void lookFor({ search: wanted, role, status }), [wanted, role, status]);
  useEffect(() => {
    if (search === typed.current) return;
    const timer = setTimeout(() => {
      typed.current = search;
      narrowBy({ search });
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [search]);
  return (
    <search className={styles.filters}>
      <Field label="Name contains" value={search} onChange={setSearch} autoComplete="off" spellCheck="false" />
      <Choice<UserQuery["role"]>
        label="Role"
        value={role}
        options={ROLES}
        onChange={(next) => narrowBy({ role: next })}
      />
      <Choice<UserQuery["status"]>
        label="Status"
        value={status}
        options={STATUSES}
        onChange={(next) => narrowBy({ status: next })}
      />
    </search>
  );
}

function List({ chosen }: { readonly chosen: string }) {
  const { users, next, busy, loaded, problem } = useUsers();
  return (
    <>
      {problem && (
        <div className={styles.above}>
          <Problem {...problem} />
          <Button onPress={() => void lookFor({})}>Try again</Button>
        </div>
      )}
      {loaded && users.length === 0 && <p className={styles.dim}>Nobody fits.</p>}
      <ul className={styles.rows} aria-label="Users" aria-busy={busy}>
        {users.map((user) => (
          <li key={user.id}>
            <Button
              id={rowId(user.id)}
              className={styles.row}
              aria-current={user.id === chosen || undefined}
              onPress={() => goTo("admin", `users/${user.id}`, usePage.getState().query)}
            >
              <span className={styles.name}>{user.name}</span>
              <Marks user={user} />
              <span className={styles.seen}>{seen(user)}</span>
            </Button>
          </li>
        ))}
      </ul>
      {next !== null && (
        <div className={styles.above}>
          <Button isDisabled={busy} onPress={() => void showMore()}>
            Show more
          </Button>
        </div>
      )}
    </>
  );
}

const rowId = (id: string): string => `user-${id}`;

const seen = ({ online, last_login_at }: User): string =>
  online.length > 0 ? "on now" : last_login_at ? `last came ${fromNow(last_login_at)}` : "never came";
