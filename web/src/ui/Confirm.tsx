import { Button } from "./Button.tsx";
import { Dialog } from "./Dialog.tsx";
import { Problem } from "./Problem.tsx";
import styles from "./ui.module.css";

interface ConfirmProps {
  readonly title: string;
  /** What cannot be undone. */
  readonly text: string;
  readonly action: string;
  readonly problem: { message: string; hint: string } | null;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** Asks once more before something is done that cannot be undone. */
export function Confirm({ title, text, action, problem, onConfirm, onClose }: ConfirmProps) {
  return (
    <Dialog title={title} isOpen onClose={onClose} alert>
      {problem && <Problem {...problem} />}
      <p>{text}</p>
      <div className={styles.row}>
        <Button look="danger" onPress={onConfirm}>
          {action}
        </Button>
        <Button autoFocus onPress={onClose}>
          Cancel
        </Button>
      </div>
    </Dialog>
  );
}
