import { MythError } from "@mythgate/sdk";
import { useEffect, useState } from "react";
import { explain } from "../stores/login.ts";

interface Problems {
  /** Of the whole form. */
  readonly form: { message: string; hint: string } | null;
  /** By the name of the field. */
  readonly fields: Readonly<Record<string, string>>;
}

const NONE: Problems = { form: null, fields: {} };

/** Runs a form's request: one at a time, with what was refused sorted to the fields it concerns. */
export function useSubmit(fieldNames: readonly string[]) {
  const [busy, setBusy] = useState(false);
  const [problems, setProblems] = useState(NONE);

  // Whoever reads with their ears or types must not search for the field that was refused.
  const refused = fieldNames.find((name) => problems.fields[name] !== undefined);
  useEffect(() => {
    if (problems === NONE || !refused) return;
    document.querySelector<HTMLElement>(`[name="${refused}"][aria-invalid="true"]`)?.focus();
  }, [problems, refused]);

  async function submit(request: () => Promise<unknown>): Promise<boolean> {
    if (busy) return false;
    setBusy(true);
    setProblems(NONE);
    try {
      await request();
      return true;
    } catch (error) {
      setProblems(sort(error, fieldNames));
      return false;
    } finally {
      setBusy(false);
    }
  }

  return { submit, busy, problems, clear: () => setProblems(NONE) };
}

function sort(error: unknown, fieldNames: readonly string[]): Problems {
  const fields: Record<string, string> = {};
  const { message, hint } = explain(error);
  if (error instanceof MythError) {
    for (const problem of error.fields) {
      // Paths look like "body.username"; the last part is the field.
      const name = problem.path.split(".").at(-1) ?? "";
      if (fieldNames.includes(name)) fields[name] = problem.message;
    }
    if (error.field && fieldNames.includes(error.field)) {
      fields[error.field] ??= [message, hint].filter(Boolean).join(" ");
    }
  }
  return { form: Object.keys(fields).length > 0 ? null : { message, hint }, fields };
}
