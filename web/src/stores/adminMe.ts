/** What who is signed in may do in the console. */
import { create } from "zustand";
import { isStaff, mayCreate, readRole, useRole } from "./administration.ts";
import type { Problem } from "./adminPoll.ts";

interface Me {
  /** Null until it is known. */
  readonly permissions: ReadonlySet<string> | null;
  readonly problem: Problem | null;
}

const UNKNOWN: Me = { permissions: null, problem: null };

export const useMe = create<Me>(() => UNKNOWN);

/** Ask the server what one may do. */
export async function readMe(): Promise<void> {
  await readRole();
  useMe.setState({ permissions: permissionsOf(useRole.getState().role), problem: null });
}

function permissionsOf(role: string): ReadonlySet<string> {
  if (!isStaff(role)) return new Set();
  const everybody = ["see_people", "see_console"];
  return new Set(
    mayCreate(role)
      ? [
          ...everybody,
          "see_logs",
          "correct_results",
          "run_bridges",
          "set_messages",
          "run_rooms",
          "announce",
          "back_up",
          "run_world",
          "see_settings",
          "change_settings",
        ]
      : everybody,
  );
}
