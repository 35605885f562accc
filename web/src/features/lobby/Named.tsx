import { Button } from "../../ui/Button.tsx";
import styles from "./Lobby.module.css";

interface NamedProps {
  readonly name: string;
  /** Null where there is nothing to open. */
  readonly onPress: (() => void) | null;
}

/** A name that opens somebody's card. */
export function Named({ name, onPress }: NamedProps) {
  if (!onPress) return name;
  return (
    <Button look="quiet" className={styles.named} onPress={onPress}>
      {name}
    </Button>
  );
}
