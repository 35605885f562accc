import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import ui from "../../ui/ui.module.css";
import styles from "./Place.module.css";

interface KeyboardProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

const KEYS: readonly (readonly [keys: string, effect: string])[] = [
  ["Enter", "sends the line"],
  ["↑ ↓", "bring back lines typed before"],
  ["Tab", "completes what you type; again for the next fit, with Shift for the one before"],
  ["Escape", "empties the line; from anywhere else it goes back to the line, and closes what is open"],
  ["/", "goes to the line from anywhere, as any other letter does"],
  ["Tab", "on an empty line goes on to the panels, with Shift to the log"],
  ["← →", "change from tab to tab above the log"],
];

/** What the keys do; the commands are told by `help`. */
export function Keyboard({ isOpen, onClose }: KeyboardProps) {
  return (
    <Dialog title="Keyboard" isOpen={isOpen} onClose={onClose}>
      <dl className={styles.facts}>
        {KEYS.map(([keys, effect]) => (
          <div key={effect} className={styles.fact}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{effect}</dd>
          </div>
        ))}
      </dl>
      <div className={ui.row}>
        <Button autoFocus onPress={onClose}>
          Close
        </Button>
      </div>
    </Dialog>
  );
}
