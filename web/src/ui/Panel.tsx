import { type ReactNode, useId } from "react";
import styles from "./ui.module.css";

interface PanelProps {
  readonly title: string;
  /** Beside the title, e.g. a count. */
  readonly extra?: ReactNode;
  readonly children: ReactNode;
}

export function Panel({ title, extra, children }: PanelProps) {
  const id = useId();
  return (
    <section className={styles.panel} aria-labelledby={id}>
      <h2 className={styles.panelTitle}>
        <span id={id}>{title}</span>
        {extra !== undefined && <span className={styles.panelExtra}>{extra}</span>}
      </h2>
      {children}
    </section>
  );
}
