/** What the staff sees and does in the console, beside accounts. What a role may not do is refused. */
import type * as api from "./generated/console.ts";
import { given } from "./pages.ts";
import type { Session } from "./session.ts";

/** Which lines of the log; what is empty does not matter. */
export interface LogWishes {
  readonly text?: string;
  /** Name or id of a player or a character. */
  readonly user?: string;
  readonly room?: string;
  readonly correlation?: string;
  /** This and worse. */
  readonly level?: string;
  /** `true`: only events about security. */
  readonly security?: string;
}

export class Console {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  // --- now ------------------------------------------------------------------------------------------------

  now = (): Promise<api.NowAnswer> => this.#get("api/admin/now");

  /** The last hour. */
  series = (): Promise<api.NowSeries> => this.#get("api/admin/now/series");

  /** Why somebody may or may not come in, by name; `guest` for guests. */
  why = (name: string): Promise<api.Why> => this.#get(`api/admin/why/${encodeURIComponent(name)}`);

  // --- the log --------------------------------------------------------------------------------------------

  logLines = ({ text, user, room, correlation, level, security }: LogWishes): Promise<api.LoggedLines> =>
    this.#get("api/admin/logs", {
      text: text || null,
      user: user || null,
      room: room || null,
      correlation: correlation || null,
      level: level || null,
      security: security || null,
    });

  logLevels = async (): Promise<readonly api.LevelInForce[]> =>
    (await this.#get<api.LogLevels>("api/admin/logs/levels")).levels;

  /** `level` is null for what the settings say, `minutes` for until somebody changes it. */
  setLogLevel = async (
    logger: string,
    level: string | null,
    minutes: number | null,
  ): Promise<readonly api.LevelInForce[]> =>
    (await this.#post<api.LogLevels>("api/admin/logs/levels", { logger, level, minutes })).levels;

  /** What went wrong in the server's own code. */
  faults = async (): Promise<readonly api.LoggedFault[]> =>
    (await this.#get<api.LoggedFaults>("api/admin/errors")).faults;

  faultSeen = (fingerprint: string): Promise<api.LoggedFault> =>
    this.#post(`api/admin/errors/${encodeURIComponent(fingerprint)}/seen`);

  // --- bridges --------------------------------------------------------------------------------------------

  /** Between lobbies and channels elsewhere. */
  bridges = async (): Promise<readonly api.BridgeRow[]> => (await this.#get<api.Bridges>("api/admin/bridges")).bridges;

  /** @returns the bridge with its token, which is shown this once. */
  openBridge = (bridge: api.NewBridge): Promise<api.OpenedBridge> => this.#post("api/admin/bridges", bridge);

  closeBridge = (number: number): Promise<void> => this.#session.request("DELETE", `api/admin/bridges/${number}`);

  // --- the ladder -----------------------------------------------------------------------------------------

  /** All seasons and the formulas there are. */
  seasons = (): Promise<api.Seasons> => this.#get("api/metaserver/ladder/seasons");

  /** Close the present season and begin another; by the formula of the settings if none is named. */
  openSeason = (name: string, formula: string | null): Promise<api.SeasonView> =>
    this.#post("api/metaserver/ladder/seasons", { name, formula });

  /** Everybody's place as it is and as it would be; changes nothing. */
  previewFormula = (formula: string, category = "ranked"): Promise<api.Preview> =>
    this.#get("api/metaserver/ladder/preview", { formula, category });

  /** Make the standings of the present season anew from its results. @returns how many were made. */
  recomputeLadder = async (formula: string | null): Promise<number> =>
    (await this.#post<api.Recomputed>("api/metaserver/ladder/recompute", { formula })).standings;

  // --------------------------------------------------------------------------------------------------------

  #get<T>(
    path: string,
    query: Readonly<Record<string, string | number | boolean | null | undefined>> = {},
  ): Promise<T> {
    const asked = given(query);
    return this.#session.request("GET", asked ? `${path}?${asked}` : path);
  }

  #post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.#session.request("POST", path, body);
  }
}
