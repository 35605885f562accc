import type { ReactNode } from "react";
import { Button } from "../../ui/Button.tsx";
import { Problem } from "../../ui/Problem.tsx";
import styles from "./Console.module.css";
import type { Polled } from "./usePolled.ts";

interface ShownProps<T> {
  readonly of: Polled<T>;
  readonly children: (value: T) => ReactNode;
}

/** What was asked for: while it is awaited, when it came, and when it did not. */
export function Shown<T>({ of: { value, problem, refresh }, children }: ShownProps<T>) {
  return (
    <>
      {problem && (
        <div className={styles.failed}>
          <Problem {...problem} />
          <p className={styles.dim}>{value === null ? "" : "What stands below is older."}</p>
          <Button onPress={refresh}>Try again</Button>
        </div>
      )}
      {value === null && !problem && (
        <p className={styles.dim} role="status">
          Loading …
        </p>
      )}
      {value !== null && children(value)}
    </>
  );
}

/** There is nothing; and what would make that different. */
export function Nothing({ children }: { readonly children: ReactNode }) {
  return <p className={styles.nothing}>{children}</p>;
}
