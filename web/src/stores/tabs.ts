/**
 * The tabs of one browser know of each other: a login that is not kept on the device lasts as long as one of them, so
 * a link that opens a new tab asks for no password. What is handed over goes to pages of the same origin in the same
 * browser only, and is written down nowhere but in the new tab.
 */
import { randomId, type StoredLogin } from "@mythgate/sdk";
import { isStoredLogin, joinLogin, loginEnded, useLogin } from "./login.ts";
import { isRecord } from "./storage.ts";

const CHANNEL = "mythgate.login";
/** A tab that slept answers late; by then somebody may be typing another name. */
const ANSWER_WITHIN_MS = 2_000;

type Message =
  | { readonly kind: "asking"; readonly tab: string }
  | { readonly kind: "login"; readonly tab: string; readonly login: StoredLogin }
  | { readonly kind: "over"; readonly refreshToken: string };

/** Join the login of another tab if there is one, and let later tabs join this one's. Call once. */
export function shareLogin(): void {
  if (typeof BroadcastChannel === "undefined") return;
  const channel = new BroadcastChannel(CHANNEL);
  const tell = (message: Message) => channel.postMessage(message);
  const tab = randomId();
  let asking = useLogin.getState().login === null;

  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (!isRecord(data)) return;
    const { login } = useLogin.getState();
    if (data.kind === "asking") {
      // A guest is somebody of one tab; another tab may want to come in by name.
      if (login && !login.isGuest) tell({ kind: "login", tab: String(data.tab), login });
    } else if (data.kind === "login") {
      if (asking && data.tab === tab && isStoredLogin(data.login)) joinLogin(data.login);
    } else if (data.kind === "over") {
      if (login && login.refreshToken === data.refreshToken) loginEnded("You have been signed out.");
    }
  };

  useLogin.subscribe((state, before) => {
    if (state.login) asking = false;
    else if (before.login) tell({ kind: "over", refreshToken: before.login.refreshToken });
  });
  if (!asking) return;
  tell({ kind: "asking", tab });
  setTimeout(() => {
    asking = false;
  }, ANSWER_WITHIN_MS);
}
