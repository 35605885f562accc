/** The console's way to the server. */
import { Console } from "@mythgate/sdk";
import { session } from "./login.ts";

export const house = new Console(session);
