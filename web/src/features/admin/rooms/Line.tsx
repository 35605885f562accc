import type { AdminApi } from "@mythgate/sdk";
import { house } from "../../../stores/adminConsole.ts";
import { clockTime, fullTime } from "../../when.ts";
import { Act } from "../Act.tsx";
import console from "../Console.module.css";
import { PageLink } from "../PageLink.tsx";
import styles from "./Rooms.module.css";

interface LineProps {
  readonly line: AdminApi.TalkLine;
  /** Told when it is deleted; left out: it cannot be. */
  readonly onDeleted?: ((id: string) => void) | undefined;
}

/** One line of what is said in a room. */
export function Line({ line: { id, at, name, account_id, text }, onDeleted }: LineProps) {
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
        {text}{" "}
        {onDeleted && name && (
          <Act
            label="Delete"
            look="quiet"
            name={`Delete what ${name} said at ${clockTime(at)}`}
            title="Delete this message?"
            about={text}
            danger
            done="The message is deleted."
            onAct={async (reason) => {
              await house.deleteMessage(id, reason);
              onDeleted(id);
            }}
          />
        )}
      </span>
    </li>
  );
}
