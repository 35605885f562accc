import { type FormEvent, useState } from "react";
import { Form } from "react-aria-components";
import { session } from "../../stores/login.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import { useSubmit } from "../useSubmit.ts";
import styles from "./ReportDialog.module.css";

/** As many characters as the server takes. */
const REASON_LENGTH = 500;

interface ReportDialogProps {
  /** By which the server finds them. */
  readonly name: string;
  /** As they are shown, if that is another name. */
  readonly called?: string;
  readonly onClose: () => void;
}

/** Tell the staff that somebody behaves badly. */
export function ReportDialog({ name, called = name, onClose }: ReportDialogProps) {
  const [reason, setReason] = useState("");
  const [told, setTold] = useState("");
  const { submit, busy, problems } = useSubmit(["reason"]);

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    void submit(async () => {
      const { joined } = await session.report(name, reason.trim());
      setTold(joined ? "Others said so too; it is looked at together." : "The staff looks into it.");
    });
  }

  return (
    <Dialog title={`Report ${called}`} isOpen onClose={onClose}>
      {told ? (
        <>
          <p className={ui.note} role="status">
            Thank you. {told} You are told how it ends.
          </p>
          <div className={ui.row}>
            <Button look="primary" onPress={onClose} autoFocus>
              Close
            </Button>
          </div>
        </>
      ) : (
        <Form className={styles.form ?? ""} onSubmit={onSubmit} validationBehavior="aria">
          {problems.form && <Problem {...problems.form} />}
          <p className={ui.description}>
            The staff also gets what was said last where you are, as far as you could read it, and the next minutes of
            it.
          </p>
          <Field
            label="What did they do?"
            name="reason"
            multiline
            value={reason}
            onChange={setReason}
            error={problems.fields.reason}
            maxLength={REASON_LENGTH}
            autoFocus
          />
          <div className={ui.row}>
            <Button type="submit" look="primary" isDisabled={busy || !reason.trim()}>
              Report
            </Button>
            <Button onPress={onClose}>Cancel</Button>
          </div>
        </Form>
      )}
    </Dialog>
  );
}
