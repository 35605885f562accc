/** What who is signed in may do in the console. */
import type { AdminApi } from "@mythgate/sdk";
import { create } from "zustand";
import { house } from "./adminConsole.ts";
import { readRole } from "./administration.ts";
import type { Problem } from "./adminPoll.ts";
import { explain, useLogin } from "./login.ts";

interface Me {
  /** What may be done at this moment; null until it is known. */
  readonly permissions: ReadonlySet<string> | null;
  /** What may be done besides once a code is shown. */
  readonly waiting: readonly string[];
  readonly factor: AdminApi.SecondFactorState | null;
  readonly problem: Problem | null;
}

const UNKNOWN: Me = { permissions: null, waiting: [], factor: null, problem: null };

export const useMe = create<Me>(() => UNKNOWN);

let asked = 0;

/** Ask the server what one may do. */
export async function readMe(): Promise<void> {
  asked += 1;
  const mine = asked;
  try {
    const [me] = await Promise.all([house.me(), readRole()]);
    if (mine !== asked) return;
    const now = new Set<string>(me.permissions_now);
    useMe.setState({
      permissions: now,
      waiting: me.permissions.filter((one) => !now.has(one)),
      factor: me.second_factor,
      problem: null,
    });
  } catch (error) {
    if (mine === asked) useMe.setState({ problem: explain(error) });
  }
}

/** Show a code of the authenticator: what waited may be done then. */
export async function showCode(code: string): Promise<void> {
  await house.showCode(code);
  await readMe();
}

useLogin.subscribe(({ login }, { login: before }) => {
  if (login?.userId === before?.userId) return;
  asked += 1;
  useMe.setState(UNKNOWN);
});
