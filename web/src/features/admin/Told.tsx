import { useState } from "react";
import { Button } from "../../ui/Button.tsx";
import ui from "../../ui/ui.module.css";
import styles from "./Admin.module.css";

interface ToldProps {
  readonly secret: string;
  /** What it is for, and that it is shown once. */
  readonly about: string;
}

/** A secret that was made up, which nobody can see again. */
export function Told({ secret, about }: ToldProps) {
  const [copied, setCopied] = useState(false);
  return (
    <>
      <p>{about}</p>
      <p className={styles.password}>
        <code data-testid="password">{secret}</code>
        {/* Only where the browser lets pages copy: over HTTPS, and on the machine itself. */}
        {"clipboard" in navigator && (
          <Button
            look="quiet"
            onPress={() =>
              void navigator.clipboard.writeText(secret).then(
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
