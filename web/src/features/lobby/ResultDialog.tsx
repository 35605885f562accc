import { readResult } from "../../stores/lobbyVisits.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import styles from "./Lobby.module.css";
import { Result } from "./Results.tsx";
import { useRead } from "./useRead.ts";

interface ResultDialogProps {
  readonly number: number;
  readonly onClose: () => void;
  readonly onPerson: (number: number) => void;
}

/** How one game ended. */
export function ResultDialog({ number, onClose, onPerson }: ResultDialogProps) {
  const { value, problem } = useRead(() => readResult(number), null, number);
  return (
    <Dialog title="The game that decided it" isOpen onClose={onClose}>
      {problem && <Problem {...problem} />}
      {value && (
        <ul className={styles.results}>
          <Result result={value} onPerson={onPerson} />
        </ul>
      )}
      <div className={ui.row}>
        <Button onPress={onClose}>Close</Button>
      </div>
    </Dialog>
  );
}
