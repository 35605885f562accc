import type { ReactNode } from "react";
import styles from "./Console.module.css";

export type Fact = readonly [name: string, text: ReactNode];

/** Names with what they stand for; what is empty is left out. */
export function Facts({ rows }: { readonly rows: readonly Fact[] }) {
  return (
    <dl className={styles.facts}>
      {rows
        .filter(([, text]) => text !== "" && text != null)
        .map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
    </dl>
  );
}

interface MarkProps {
  readonly tone?: "plain" | "good" | "warn" | "bad";
  readonly children: ReactNode;
}

/** A word that sets something apart. */
export function Mark({ tone = "plain", children }: MarkProps) {
  return (
    <span className={styles.mark} data-tone={tone}>
      {children}
    </span>
  );
}
