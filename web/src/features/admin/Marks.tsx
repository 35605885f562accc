import type { User } from "@mythgate/sdk";
import { isStaff, roleName } from "../../stores/administration.ts";
import styles from "./Admin.module.css";

/** What sets an account apart from most. */
export function Marks({ user }: { readonly user: User }) {
  return (
    <span className={styles.marks}>
      {isStaff(user.role) && <span className={styles.staff}>{roleName(user.role)}</span>}
      {user.guest && <span>guest</span>}
      {user.hidden && <span>hidden</span>}
      {user.status === "disabled" && <span className={styles.locked}>locked</span>}
      {user.status === "deleted" && <span>deleted</span>}
    </span>
  );
}
