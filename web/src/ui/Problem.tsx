import styles from "./ui.module.css";

interface ProblemProps {
  readonly message: string;
  readonly hint?: string;
}

/** Something went wrong; read aloud when it appears. */
export function Problem({ message, hint }: ProblemProps) {
  return (
    <p className={styles.problem} role="alert">
      {message}
      {hint && <span className={styles.hint}>{hint}</span>}
    </p>
  );
}
