import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import styles from "./ui.module.css";

interface DialogProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** An alert asks for a decision and does not close by a click beside it. */
  readonly alert?: boolean;
  readonly children: ReactNode;
}

export function Dialog({ title, isOpen, onClose, alert = false, children }: DialogProps) {
  return (
    <ModalOverlay
      className={styles.overlay ?? ""}
      isOpen={isOpen}
      isDismissable={!alert}
      onOpenChange={(open) => !open && onClose()}
    >
      <Modal className={styles.modal ?? ""}>
        <AriaDialog role={alert ? "alertdialog" : "dialog"} className={styles.dialog ?? ""}>
          <Heading slot="title" className={styles.dialogTitle ?? ""}>
            {title}
          </Heading>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
