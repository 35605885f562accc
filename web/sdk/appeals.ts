/** Saying that a ban or a mute is wrong, without being signed in. */
import type { Api } from "./api.ts";

/** The code that is told with each refusal, or name and password. */
export type AppealProof = { readonly code: string } | { readonly username: string; readonly password: string };

export interface OwnAppeal {
  readonly state: "open" | "granted" | "refused";
  readonly text: string;
  readonly created_at: string;
  /** Empty until somebody has decided, and if they said nothing. */
  readonly answer: string;
  readonly decided_at: string | null;
}

/** What holds against one, and what became of the newest appeal. */
export interface OwnMeasure {
  readonly kind: "ban" | "mute";
  readonly scope: "everywhere" | "lobby" | "room" | "door";
  /** Number of the lobby, id of the room, name of the door. */
  readonly place: string;
  readonly active: boolean;
  readonly since: string;
  /** Null: until it is lifted. */
  readonly until: string | null;
  /** Empty if the staff does not show it. */
  readonly reason: string;
  readonly appeal: OwnAppeal | null;
}

export class Appeals {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** @throws {Refused} `not_found`: no measure has that code, or there is none against the account. */
  look = (proof: AppealProof): Promise<OwnMeasure> => this.#api.request("POST", "api/appeals/look", { body: proof });

  /** @throws {Refused} `wrong_state`: nobody has decided the last one yet, or the measure is over. */
  make = (proof: AppealProof, text: string): Promise<OwnMeasure> =>
    this.#api.request("POST", "api/appeals", { body: { ...proof, text } });
}
