import type { AdminApi } from "@mythgate/sdk";
import { clockTime, fullTime } from "../../when.ts";
import console from "../Console.module.css";
import { PageLink } from "../PageLink.tsx";
import styles from "./Rooms.module.css";

/** One line of what is said in a room. */
export function Line({ line: { at, name, account_id, text } }: { readonly line: AdminApi.TalkLine }) {
  return (
    <li className={styles.line}>
      <time className={console.dim} dateTime={at} title={fullTime(at)}>
        {clockTime(at)}
      </time>
      <span>
        {name &&
          // Guests of old clients have no account.
          (account_id && !account_id.startsWith("guest:") ? (
            <PageLink part={`users/${account_id}`} className={styles.speaker}>
              {name}
            </PageLink>
          ) : (
            <span className={styles.speaker}>{name}</span>
          ))}
        {name && ": "}
        {text}
      </span>
    </li>
  );
}
