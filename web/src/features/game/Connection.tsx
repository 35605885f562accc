import type { ConnectionState, ConnectionStatus } from "@mythgate/sdk";
import { leaveWorld, reconnectNow, usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import ui from "../../ui/ui.module.css";
import styles from "./Connection.module.css";
import { useCountdown } from "./useCountdown.ts";

const WORD: Readonly<Record<ConnectionState, string>> = {
  connecting: "Connecting",
  connected: "Connected",
  reconnecting: "Reconnecting",
  disconnected: "Disconnected",
  failed: "Disconnected",
};

const TAKEN_OVER = 4502;

/** One word on the state of the line, and the same for screen readers when it changes. */
export function ConnectionBadge() {
  const status = usePlay((state) => state.connection);
  const trip = status.roundTripMs;
  return (
    <>
      <span
        className={styles.badge}
        data-state={status.state}
        data-testid="connection"
        title={status.state === "connected" && trip !== null ? `Answers within ${trip} ms` : undefined}
      >
        <span className={styles.dot} aria-hidden />
        {WORD[status.state]}
      </span>
      <span className={ui.hidden} role="status">
        {spoken(status)}
      </span>
    </>
  );
}

/** What a screen reader says: once an attempt, not once a second. */
function spoken(status: ConnectionStatus): string {
  switch (status.state) {
    case "connected":
      return "Connected.";
    case "reconnecting":
      return `Connection lost. Attempt ${status.attempt} of ${status.maxAttempts}.`;
    case "failed":
      return "Disconnected.";
    default:
      return "";
  }
}

/** Shown while the line is gone: what happens next, and a way to hurry it. */
export function ConnectionBanner() {
  const status = usePlay((state) => state.connection);
  const waiting = usePlay((state) => state.pending.length);
  const seconds = useCountdown(status.retryAt);
  if (status.state !== "reconnecting" && status.state !== "failed") return null;
  if (status.ending?.code === TAKEN_OVER) return null;
  const given = status.state === "failed";
  const what = given ? "No connection." : (status.ending?.message ?? "The connection was lost.");
  return (
    <section className={styles.banner} aria-label="Connection" data-state={status.state} data-testid="reconnecting">
      <span className={styles.what}>{what}</span>
      <span className={styles.now}>
        {!given && (
          <span className={styles.when}>
            Attempt {status.attempt} of {status.maxAttempts}{" "}
            {seconds === null ? "under way…" : seconds === 0 ? "now…" : `in ${seconds} s`}
          </span>
        )}
        <span className={styles.calm}>
          {given ? "The server did not answer for a long time." : <Calm waiting={waiting} />}
        </span>
      </span>
      <Button onPress={reconnectNow}>Reconnect now</Button>
    </section>
  );
}

/** Why there is no need to worry; in brief where there is little room. */
function Calm({ waiting }: { readonly waiting: number }) {
  if (waiting === 0) {
    return (
      <>
        Nothing is lost<span className={styles.more}>; what you type is sent when you are back</span>.
      </>
    );
  }
  return (
    <>
      {waiting} {waiting === 1 ? "line is" : "lines are"} kept
      <span className={styles.more}> and sent when you are back</span>.
    </>
  );
}

/** The same account plays in another window. */
export function TakenOver() {
  const taken = usePlay(({ connection }) => connection.state === "failed" && connection.ending?.code === TAKEN_OVER);
  return (
    <Dialog alert title="Playing in another window" isOpen={taken} onClose={() => undefined}>
      <p>This account came into the world from another window or device. This one is paused.</p>
      <div className={ui.row}>
        <Button look="primary" autoFocus onPress={reconnectNow}>
          Play here
        </Button>
        <Button onPress={() => void leaveWorld()}>Back to characters</Button>
      </div>
    </Dialog>
  );
}
