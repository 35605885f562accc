import type { ReactNode } from "react";
import { Menu as AriaMenu, MenuItem as AriaMenuItem, MenuTrigger, Popover } from "react-aria-components";
import styles from "./ui.module.css";

interface Action {
  readonly label: string;
  /** Why it cannot be done now. */
  readonly refusal?: string | null;
  readonly run: () => void;
}

interface ActionMenuProps {
  readonly label: string;
  /** The button that opens the menu. */
  readonly trigger: ReactNode;
  readonly actions: readonly Action[];
}

/** A button with a menu of things to do. */
export function ActionMenu({ label, trigger, actions }: ActionMenuProps) {
  return (
    <MenuTrigger>
      {trigger}
      <Popover className={`${styles.popover} ${styles.scrolls}`} placement="bottom start">
        <AriaMenu className={styles.menu ?? ""} aria-label={label}>
          {actions.map((action) => (
            <AriaMenuItem
              key={action.label}
              className={styles.menuItem ?? ""}
              onAction={action.run}
              textValue={action.label}
              isDisabled={Boolean(action.refusal)}
            >
              {action.label}
              {action.refusal && <span className={styles.menuWhy}>{action.refusal}</span>}
            </AriaMenuItem>
          ))}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}
