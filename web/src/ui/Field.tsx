import { FieldError, Input, Label, Text, TextArea, TextField, type TextFieldProps } from "react-aria-components";
import styles from "./ui.module.css";

interface FieldProps extends Omit<TextFieldProps, "children" | "className"> {
  readonly label: string;
  readonly description?: string;
  /** Of the server, shown at the field until the form is sent again. */
  readonly error?: string | undefined;
  readonly multiline?: boolean;
}

export function Field({ label, description, error, multiline = false, ...props }: FieldProps) {
  return (
    <TextField {...props} className={styles.field ?? ""} isInvalid={error !== undefined}>
      <Label className={styles.label ?? ""}>{label}</Label>
      {multiline ? <TextArea className={styles.input ?? ""} /> : <Input className={styles.input ?? ""} />}
      {description && !error && (
        <Text slot="description" className={styles.description ?? ""}>
          {description}
        </Text>
      )}
      <FieldError className={styles.fieldError ?? ""}>{error}</FieldError>
    </TextField>
  );
}
