import type { AdminApi } from "@mythgate/sdk";
import { useRef } from "react";
import { house } from "../../../stores/adminConsole.ts";
import { saveFile } from "../../../stores/adminFiles.ts";
import { bytes } from "../../../stores/adminNow.ts";
import { Button } from "../../../ui/Button.tsx";
import { Problem } from "../../../ui/Problem.tsx";
import { useSubmit } from "../../useSubmit.ts";
import { fullTime } from "../../when.ts";
import console from "../Console.module.css";
import { Facts } from "../Facts.tsx";
import { PageLink } from "../PageLink.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { usePolled } from "../usePolled.ts";
import styles from "./Lab.module.css";
import { CaptureState } from "./Lab.tsx";

const REFRESH_MS = 1_500;
/** Lines that are drawn; the file has all. */
const DRAWN = 300;

interface Seen {
  readonly capture: AdminApi.LabCapture;
  readonly lines: readonly AdminApi.CaptureLines["lines"][number][];
}

/** One capture: its lines as they come, and all of them as a file. */
export function CapturePage({ id }: { readonly id: string }) {
  const known = useRef<Seen | null>(null);
  const seen = usePolled(
    async () => {
      const before = known.current?.lines ?? [];
      const page = await house.capture(decodeURIComponent(id), before.length);
      known.current = { capture: page.capture, lines: [...before, ...page.lines] };
      return known.current;
    },
    REFRESH_MS,
    id,
  );
  const { submit, busy, problems } = useSubmit([]);
  return (
    <>
      <p>
        <PageLink part="lab">‹ All connections</PageLink>
      </p>
      <Shown of={seen}>
        {({ capture, lines }) => (
          <div className={console.stack}>
            <Facts
              rows={[
                ["Of", `${capture.connection.name || "not signed in"}, ${capture.connection.client}`],
                ["Because", capture.reason],
                ["Began", fullTime(capture.started_at)],
                ["Ends", capture.ended_at ? "" : fullTime(capture.ends_at)],
                ["State", <CaptureState key="state" capture={capture} />],
                ["Lines", `${capture.lines}, ${bytes(capture.bytes)}`],
              ]}
            />
            {problems.form && <Problem {...problems.form} />}
            <div className={console.bar}>
              {capture.ended_at === null && (
                <Button
                  look="primary"
                  isDisabled={busy}
                  onPress={() =>
                    void submit(async () => {
                      await house.stopCapture(capture.id);
                      seen.refresh();
                    })
                  }
                >
                  Stop
                </Button>
              )}
              <Button
                isDisabled={lines.length === 0}
                onPress={() =>
                  saveFile(
                    `capture-${capture.connection.door}.jsonl`,
                    lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
                    "application/x-ndjson",
                  )
                }
              >
                Save as a file
              </Button>
            </div>
            {lines.length === 0 ? (
              <Nothing>Nothing was sent or received yet. It appears here as it happens.</Nothing>
            ) : (
              <>
                {lines.length > DRAWN && (
                  <p className={console.dim}>
                    The newest {DRAWN} lines; the file has all {lines.length}.
                  </p>
                )}
                <ol className={styles.lines} aria-label="What was sent and received, newest first">
                  {lines
                    .slice(-DRAWN)
                    .map((line, at) => ({ line, number: Math.max(0, lines.length - DRAWN) + at + 1 }))
                    .reverse()
                    .map(({ line, number }) => (
                      <li key={number}>
                        <details>
                          <summary>
                            <span className={console.dim}>{number}</span> {inShort(line)}
                          </summary>
                          <pre className={styles.whole}>{JSON.stringify(line, null, 2)}</pre>
                        </details>
                      </li>
                    ))}
                </ol>
              </>
            )}
          </div>
        )}
      </Shown>
    </>
  );
}

const SHORT = 160;

/** A line in one: its values, without what they are called. */
function inShort(line: Readonly<Record<string, unknown>>): string {
  const text = Object.values(line)
    .filter((value) => value !== null && value !== "")
    .map((value) => (typeof value === "string" ? value : JSON.stringify(value)))
    .join(" ");
  return text.length > SHORT ? `${text.slice(0, SHORT)} …` : text;
}
