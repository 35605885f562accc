import { useState } from "react";
import { Button } from "../../ui/Button.tsx";
import { Choice } from "../../ui/Choice.tsx";
import { Field } from "../../ui/Field.tsx";
import { Tick } from "../../ui/Tick.tsx";
import { Ask } from "./Ask.tsx";

/** One thing to fill in before an act. */
export interface Wish {
  /** Of the field of the request, so that what the server refuses stands beside it. */
  readonly name: string;
  readonly label: string;
  readonly kind?: "line" | "text" | "number" | "moment" | "password" | "choice" | "tick";
  readonly options?: readonly (readonly [value: string, label: string])[];
  readonly initial?: string;
  readonly description?: string;
  readonly isRequired?: boolean;
  readonly maxLength?: number;
}

/** What was filled in, by name; a tick is "yes" or empty. */
export type Wishes = Readonly<Record<string, string>>;

interface ActProps {
  /** Of the button that begins it. */
  readonly label: string;
  readonly look?: "plain" | "primary" | "quiet" | "danger";
  readonly title: string;
  /** Of the button that does it; as `label` if left out. */
  readonly action?: string;
  /** What comes of it, in a sentence or two. */
  readonly about?: string;
  readonly wishes?: readonly Wish[];
  readonly asksWhy?: boolean;
  readonly danger?: boolean;
  /** Told when it is done. */
  readonly done?: string;
  /** Read out instead of `label`, where many buttons have the same. */
  readonly name?: string;
  readonly isDisabled?: boolean;
  readonly onAct: (reason: string, wishes: Wishes) => Promise<unknown>;
}

/** A button with the question that stands before the act: what exactly, why, and whether at all. */
export function Act({ label, look = "plain", name, isDisabled = false, ...question }: ActProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button
        look={look}
        isDisabled={isDisabled}
        onPress={() => setOpen(true)}
        {...(name ? { "aria-label": name } : {})}
      >
        {label}
      </Button>
      {isOpen && <Question label={label} {...question} onClose={() => setOpen(false)} />}
    </>
  );
}

type QuestionProps = Omit<ActProps, "look" | "name" | "isDisabled"> & { readonly onClose: () => void };

export function Question({
  label,
  title,
  action = label,
  about,
  wishes = [],
  asksWhy = true,
  danger = false,
  done = "",
  onAct,
  onClose,
}: QuestionProps) {
  const [values, setValues] = useState<Wishes>(() =>
    Object.fromEntries(wishes.map(({ name, initial, options }) => [name, initial ?? options?.[0]?.[0] ?? ""])),
  );
  const lacks = wishes.some(({ name, isRequired }) => isRequired && !values[name]?.trim());
  return (
    <Ask
      title={title}
      action={action}
      danger={danger}
      asksWhy={asksWhy}
      fields={wishes.map(({ name }) => name)}
      isReady={!lacks}
      done={done}
      onAct={async (reason) => {
        await onAct(reason, values);
        onClose();
      }}
      onClose={onClose}
    >
      {(errors) => (
        <>
          {about && <p>{about}</p>}
          {wishes.map((wish, number) => (
            <WishField
              key={wish.name}
              wish={wish}
              value={values[wish.name] ?? ""}
              error={errors[wish.name]}
              isFirst={number === 0}
              onChange={(value) => setValues((before) => ({ ...before, [wish.name]: value }))}
            />
          ))}
        </>
      )}
    </Ask>
  );
}

const TYPES = { line: "text", text: "text", number: "number", moment: "datetime-local", password: "password" } as const;

interface WishFieldProps {
  readonly wish: Wish;
  readonly value: string;
  readonly error: string | undefined;
  readonly isFirst: boolean;
  readonly onChange: (value: string) => void;
}

function WishField({ wish, value, error, isFirst, onChange }: WishFieldProps) {
  const { name, label, kind = "line", options = [], description, isRequired = false, maxLength } = wish;
  if (kind === "choice") return <Choice label={label} value={value} options={options} onChange={onChange} />;
  if (kind === "tick")
    return (
      <Tick isSelected={value !== ""} onChange={(ticked) => onChange(ticked ? "yes" : "")}>
        {label}
      </Tick>
    );
  return (
    <Field
      label={label}
      name={name}
      type={TYPES[kind]}
      multiline={kind === "text"}
      value={value}
      onChange={onChange}
      error={error}
      isRequired={isRequired}
      autoFocus={isFirst}
      autoComplete={kind === "password" ? "new-password" : "off"}
      {...(description ? { description } : {})}
      {...(maxLength ? { maxLength } : {})}
    />
  );
}

/** What was chosen as a moment here, as the server writes it; null for none. */
export const momentOf = (value: string | undefined): string | null => (value ? new Date(value).toISOString() : null);

/** What was filled in as a number; null for nothing. */
export const numberOf = (value: string | undefined): number | null => (value ? Number(value) : null);
