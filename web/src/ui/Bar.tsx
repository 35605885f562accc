import styles from "./ui.module.css";

interface BarProps {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  /** What it is of, in colour; the label says it anyway. */
  readonly look: "health" | "stamina" | "mana" | "progress";
  /** Whether the label stands there or is only read out. */
  readonly isLabelled?: boolean;
}

/** How much there is of something, drawn and in figures. */
export function Bar({ label, value, max, look, isLabelled = true }: BarProps) {
  const share = max > 0 ? Math.min(1, Math.max(0, value / max)) : 0;
  return (
    <div className={styles.bar}>
      {isLabelled && (
        <span className={styles.barLabel} aria-hidden>
          {label}
        </span>
      )}
      <meter
        className={styles.hidden}
        aria-label={label}
        aria-valuetext={`${value} of ${max}`}
        min={0}
        max={max}
        value={value}
      />
      <div className={styles.barTrack} data-look={look} aria-hidden>
        <div className={styles.barFill} style={{ width: `${share * 100}%` }} />
      </div>
      <span className={styles.barValue} aria-hidden>
        {value}/{max}
      </span>
    </div>
  );
}
