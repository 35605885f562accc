import type { Ref } from "react";
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from "react-aria-components";
import styles from "./ui.module.css";

interface ButtonProps extends Omit<AriaButtonProps, "className" | "style"> {
  /** `quiet` is a word one can press; `danger` cannot be undone easily. */
  readonly look?: "plain" | "primary" | "quiet" | "danger";
  readonly className?: string | undefined;
  readonly ref?: Ref<HTMLButtonElement>;
}

export function Button({ look = "plain", className = "", ...props }: ButtonProps) {
  return <AriaButton {...props} className={`${styles.button} ${look === "plain" ? "" : styles[look]} ${className}`} />;
}
