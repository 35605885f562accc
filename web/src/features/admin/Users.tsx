import type { User } from "@mythgate/sdk";
import { useEffect, useRef, useState } from "react";
import { lookFor, mayCreate, showMore, type UserQuery, useRole, useUsers } from "../../stores/administration.ts";
import { goTo } from "../../stores/page.ts";
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

/** Everybody with an account, and one of them closely. `rest` is the id of that one. */
export function Users({ rest }: { readonly rest: string }) {
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
        <UserDetails key={rest} id={rest} onBack={() => goTo("admin", "users")} />
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
  const query = useUsers((state) => state.query);
  const [search, setSearch] = useState(query.search);
  // Of a new account, the list is narrowed from elsewhere.
  useEffect(() => setSearch(query.search), [query.search]);
  // What is known stays on the screen meanwhile.
  useEffect(() => void lookFor({}), []);
  useEffect(() => {
    if (search === query.search) return;
    const timer = setTimeout(() => void lookFor({ search }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [search, query.search]);
  return (
    <search className={styles.filters}>
      <Field label="Name contains" value={search} onChange={setSearch} autoComplete="off" spellCheck="false" />
      <Choice<UserQuery["role"]>
        label="Role"
        value={query.role}
        options={ROLES}
        onChange={(role) => void lookFor({ role })}
      />
      <Choice<UserQuery["status"]>
        label="Status"
        value={query.status}
        options={STATUSES}
        onChange={(status) => void lookFor({ status })}
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
              onPress={() => goTo("admin", `users/${user.id}`)}
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
