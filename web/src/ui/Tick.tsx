import { Checkbox } from "react-aria-components";
import styles from "./ui.module.css";

interface TickProps {
  readonly children: string;
  readonly isSelected: boolean;
  readonly onChange: (selected: boolean) => void;
}

export function Tick({ children, isSelected, onChange }: TickProps) {
  return (
    <Checkbox className={styles.checkbox ?? ""} isSelected={isSelected} onChange={onChange}>
      <span className={styles.tick} aria-hidden>
        ✓
      </span>
      {children}
    </Checkbox>
  );
}
