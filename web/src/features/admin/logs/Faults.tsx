import type { AdminApi } from "@mythgate/sdk";
import { house } from "../../../stores/adminConsole.ts";
import { tell } from "../../../stores/adminTold.ts";
import { Button } from "../../../ui/Button.tsx";
import { Problem } from "../../../ui/Problem.tsx";
import { useSubmit } from "../../useSubmit.ts";
import { fromNow, fullTime } from "../../when.ts";
import console from "../Console.module.css";
import { Mark } from "../Facts.tsx";
import { PageLink } from "../PageLink.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { usePolled } from "../usePolled.ts";
import styles from "./Logs.module.css";

const REFRESH_MS = 30_000;

/** What went wrong in the server's own code, each fault once. */
export function Faults() {
  const faults = usePolled(house.faults, REFRESH_MS);
  return (
    <Shown of={faults}>
      {(found) =>
        found.length === 0 ? (
          <Nothing>Nothing went wrong that was not foreseen. Faults stand here as soon as there is one.</Nothing>
        ) : (
          <ul aria-label="Faults, the latest first">
            {found.map((fault) => (
              <FaultEntry
                key={fault.fingerprint}
                fault={fault}
                onChanged={(seen) =>
                  faults.put(found.map((one) => (one.fingerprint === seen.fingerprint ? seen : one)))
                }
              />
            ))}
          </ul>
        )
      }
    </Shown>
  );
}

interface FaultEntryProps {
  readonly fault: AdminApi.LoggedFault;
  readonly onChanged: (fault: AdminApi.LoggedFault) => void;
}

function FaultEntry({ fault, onChanged }: FaultEntryProps) {
  const { submit, busy, problems } = useSubmit([]);
  const seen = () =>
    submit(async () => {
      onChanged(await house.faultSeen(fault.fingerprint));
      tell("Marked as seen. It is new again when it happens again.");
    });
  return (
    <li className={styles.fault}>
      <div className={styles.faultHead}>
        <h2 className={styles.faultName}>
          {fault.kind} in {fault.where}
        </h2>
        {fault.new && <Mark tone="bad">new</Mark>}
        <Mark>{fault.count === 1 ? "once" : `${fault.count} times`}</Mark>
        {fault.new && (
          <Button
            look="quiet"
            isDisabled={busy}
            onPress={() => void seen()}
            aria-label={`${fault.kind}: I have seen it`}
          >
            I have seen it
          </Button>
        )}
      </div>
      {problems.form && <Problem {...problems.form} />}
      <p>{fault.message}</p>
      <p className={console.dim}>
        Last {fromNow(fault.last_at)}, first {fullTime(fault.first_at)}
        {fault.correlation && (
          <>
            {" · "}
            <PageLink part="logs/lines" query={`correlation=${encodeURIComponent(fault.correlation)}`}>
              what the log says about it
            </PageLink>
          </>
        )}
      </p>
      <details>
        <summary>Where it happened</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <pre className={styles.trace} tabIndex={0}>
          {fault.trace}
        </pre>
      </details>
    </li>
  );
}
