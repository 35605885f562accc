import { type FormEvent, type KeyboardEvent, useEffect } from "react";
import {
  awaitNextLine,
  COMMAND_LINE_ID,
  completeNext,
  focusCommandLine,
  recallNewer,
  recallOlder,
  submit,
  type,
  useInput,
} from "../../stores/input.ts";
import { Button } from "../../ui/Button.tsx";
import ui from "../../ui/ui.module.css";
import styles from "./CommandLine.module.css";

const MAX_LENGTH = 1000;

export function CommandLine() {
  const text = useInput((state) => state.text);
  useKeysToFocus();
  useEffect(() => {
    awaitNextLine();
  }, []);

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    submit();
  }

  return (
    <div className={styles.bar}>
      <Offers />
      <form className={styles.form} aria-label="Command line" onSubmit={onSubmit}>
        <span className={styles.prompt} aria-hidden>
          ❯
        </span>
        <input
          id={COMMAND_LINE_ID}
          className={styles.input}
          aria-label="Command"
          value={text}
          maxLength={MAX_LENGTH}
          placeholder="look, go north, say hello, help…"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          enterKeyHint="send"
          aria-describedby={`${COMMAND_LINE_ID}-help`}
          onChange={(event) => type(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <span id={`${COMMAND_LINE_ID}-help`} hidden>
          Arrow up and down bring back earlier lines, Tab completes what you type, Escape empties the line.
        </span>
        <Button type="submit">Send</Button>
      </form>
    </div>
  );
}

function onKeyDown(event: KeyboardEvent<HTMLInputElement>) {
  if (event.nativeEvent.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
  switch (event.key) {
    case "ArrowUp":
      recallOlder();
      break;
    case "ArrowDown":
      recallNewer();
      break;
    case "Escape":
      type("");
      break;
    case "Tab":
      if (!completeNext(event.shiftKey)) return;
      break;
    default:
      return;
  }
  event.preventDefault();
}

/** What Tab goes through, and the same in words. */
function Offers() {
  const offer = useInput((state) => state.offer);
  const chosen = offer?.candidates[offer.chosen];
  return (
    <>
      {offer && (
        <div className={styles.offers} aria-hidden>
          {offer.candidates.map((candidate, index) => (
            <span key={candidate} className={index === offer.chosen ? styles.chosen : ""}>
              {candidate}
            </span>
          ))}
        </div>
      )}
      <span className={ui.hidden} role="status">
        {offer && chosen ? `${chosen}, ${offer.chosen + 1} of ${offer.candidates.length}` : ""}
      </span>
    </>
  );
}

/** What keeps the keys that are pressed in it: fields, lists that one searches by typing, windows above all this. */
const KEEPS_KEYS =
  "input, textarea, select, [contenteditable=true], [role=menu], [role=listbox], [role=dialog], [role=alertdialog]";

/** Escape goes to the command line from anywhere on the screen, and so does typing: "/" only goes there. */
function useKeysToFocus() {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as HTMLElement | null;
      if (target?.closest(KEEPS_KEYS) || document.querySelector("[role=dialog], [role=alertdialog]")) return;
      // The space bar presses buttons and scrolls.
      const types = event.key.length === 1 && event.key !== " ";
      if (!types && event.key !== "Escape") return;
      if (event.key === "/") event.preventDefault();
      // What is typed arrives where the focus is by then.
      focusCommandLine();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}
