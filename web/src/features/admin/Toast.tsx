import { hush, useTold } from "../../stores/adminTold.ts";
import { Button } from "../../ui/Button.tsx";
import styles from "./Console.module.css";

/** Says what an act came to. The place for it is always there, or nobody would hear what appears in it. */
export function Toast() {
  const { text, number } = useTold();
  return (
    <div className={styles.toast} role="status" data-testid="told">
      {text && (
        <p key={number}>
          {text}{" "}
          <Button look="quiet" onPress={hush} aria-label="Dismiss">
            ×
          </Button>
        </p>
      )}
    </div>
  );
}
