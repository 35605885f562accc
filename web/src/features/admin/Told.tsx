import { useState } from "react";
import { Button } from "../../ui/Button.tsx";
import ui from "../../ui/ui.module.css";
import styles from "./Admin.module.css";

interface ToldProps {
  readonly password: string;
  /** Whose it is. */
  readonly to: string;
}

/** A password that was made up, which nobody can see again. */
export function Told({ password, to }: ToldProps) {
  const [copied, setCopied] = useState(false);
  return (
    <>
      <p>Tell {to} this password. It is shown only now.</p>
      <p className={styles.password}>
        <code data-testid="password">{password}</code>
        {/* Only where the browser lets pages copy: over HTTPS, and on the machine itself. */}
        {"clipboard" in navigator && (
          <Button
            look="quiet"
            onPress={() =>
              void navigator.clipboard.writeText(password).then(
                () => setCopied(true),
                () => setCopied(false),
              )
            }
          >
            Copy
          </Button>
        )}
      </p>
      <p className={ui.description} role="status">
        {copied ? "Copied." : ""}
      </p>
    </>
  );
}
