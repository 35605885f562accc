import { useLogin } from "../../stores/login.ts";
import { usePlay } from "../../stores/play.ts";

interface Standing {
  /** Of the account; empty for who is not signed in. */
  readonly name: string;
  /** As the lobby has it, for who is in one: the login may be older than the role. */
  readonly role: string;
  /** Whether there is an account that lasts. */
  readonly hasAccount: boolean;
}

/** Who the reader is, and what they may do. */
export function useStanding(): Standing {
  const login = useLogin((state) => state.login);
  const role = usePlay(({ lobby }) => lobby.players.find((one) => one.number === lobby.you)?.role);
  return {
    name: login?.username ?? "",
    role: login ? (role ?? login.role) : "player",
    hasAccount: login !== null && !login.isGuest,
  };
}
