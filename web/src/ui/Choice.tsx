import { useId } from "react";
import styles from "./ui.module.css";

interface ChoiceProps<V extends string> {
  readonly label: string;
  readonly value: V;
  readonly options: readonly (readonly [value: V, label: string])[];
  readonly onChange: (value: V) => void;
  readonly className?: string | undefined;
}

/** One of a few, by the list of the system, which every device knows how to show. */
export function Choice<V extends string>({ label, value, options, onChange, className = "" }: ChoiceProps<V>) {
  const id = useId();
  return (
    <span className={`${styles.choice} ${className}`}>
      <label htmlFor={id} className={styles.label}>
        {label}
      </label>
      <select id={id} className={styles.select} value={value} onChange={(event) => onChange(event.target.value as V)}>
        {options.map(([one, name]) => (
          <option key={one} value={one}>
            {name}
          </option>
        ))}
      </select>
    </span>
  );
}
