import { type FormEvent, type ReactNode, useState } from "react";
import { Form } from "react-aria-components";
import { tell } from "../../stores/adminTold.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import { useSubmit } from "../useSubmit.ts";
import styles from "./Admin.module.css";

interface AskProps {
  readonly title: string;
  /** What the button says. */
  readonly action: string;
  readonly danger?: boolean;
  readonly asksWhy?: boolean;
  /** Fields of the request that are shown above the reason. */
  readonly fields?: readonly string[];
  /** Whether what was filled in can be sent. */
  readonly isReady?: boolean;
  /** Told when it is done. */
  readonly done?: string;
  readonly onAct: (reason: string) => Promise<unknown>;
  readonly onClose: () => void;
  readonly children?: ReactNode | ((errors: Readonly<Record<string, string>>) => ReactNode);
}

/** One more question before something is done. */
export function Ask({
  title,
  action,
  danger = false,
  asksWhy = true,
  fields = [],
  isReady = true,
  done = "",
  onAct,
  onClose,
  children,
}: AskProps) {
  const [reason, setReason] = useState("");
  const { submit, busy, problems } = useSubmit([...fields, "reason"]);

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    void submit(async () => {
      await onAct(reason.trim());
      if (done) tell(done);
    });
  }

  return (
    <Dialog title={title} isOpen onClose={onClose} alert>
      <Form className={styles.form ?? ""} onSubmit={onSubmit} validationBehavior="aria">
        {problems.form && <Problem {...problems.form} />}
        {typeof children === "function" ? children(problems.fields) : children}
        {asksWhy && (
          <Field
            label="Reason"
            name="reason"
            value={reason}
            onChange={setReason}
            error={problems.fields.reason}
            description="Stays on record with your name."
            maxLength={200}
            autoComplete="off"
            autoFocus={fields.length === 0}
          />
        )}
        <div className={ui.row}>
          <Button type="submit" look={danger ? "danger" : "primary"} isDisabled={busy || !isReady}>
            {action}
          </Button>
          <Button onPress={onClose} autoFocus={!asksWhy && fields.length === 0}>
            Cancel
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
