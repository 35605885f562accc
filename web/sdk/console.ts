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

/** Lines of talk that are asked for at once. */
const MOST_LINES = 500;

const room = (key: string, act = ""): string => `api/admin/rooms/${encodeURIComponent(key)}${act && `/${act}`}`;

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

  // --- rooms ----------------------------------------------------------------------------------------------

  /** Lobbies and rooms of the world with people in them, or also `empty` ones. */
  rooms = async (empty = false): Promise<readonly api.StaffRoom[]> =>
    (await this.#get<api.StaffRooms>("api/admin/rooms", { empty: empty || null })).rooms;

  /** `key` is `lobby:` and its number, or `room:` and the id of a room of the world. */
  room = (key: string): Promise<api.StaffRoomCard> => this.#get(room(key));

  /** What was said there and is remembered, the oldest first; after the line of that id, if one is named. */
  talk = async (key: string, after = ""): Promise<readonly api.TalkLine[]> =>
    (await this.#get<api.RoomTalk>(room(key, "talk"), { after: after || null, limit: MOST_LINES })).lines;

  announceIn = (key: string, text: string): Promise<api.Announced> => this.#post(room(key, "announce"), { text });

  lockRoom = (key: string, locked: boolean): Promise<api.StaffRoom> => this.#post(room(key, "lock"), { locked });

  /** Change what it greets with; empty: nothing. */
  greetIn = (key: string, text: string): Promise<api.StaffRoom> => this.#post(room(key, "motd"), { text });

  /** @returns the lobby if the settings name it: it is locked then; null: it is no more. */
  closeRoom = async (key: string, reason: string): Promise<api.StaffRoom | null> =>
    (await this.#post<api.ClosedRoom>(room(key, "close"), { reason })).room;

  /** Put somebody who is in a room into another of the same kind. */
  moveFrom = (key: string, id: string, to: string, reason: string): Promise<api.MovedPerson> =>
    this.#post(room(key, "move"), { id, to, reason });

  // --- messages -------------------------------------------------------------------------------------------

  /** Tell everybody on the server something. */
  announce = (text: string): Promise<api.Announced> => this.#post("api/admin/announce", { text });

  /** What everybody reads who comes to the server. */
  motd = async (): Promise<string> => (await this.#get<api.MessageOfTheDay>("api/admin/motd")).text;

  setMotd = async (text: string): Promise<string> =>
    (await this.#session.request<api.MessageOfTheDay>("PUT", "api/admin/motd", { text })).text;

  /** By schedule; those that are over among them. */
  announcements = async (): Promise<readonly api.AnnouncementCard[]> =>
    (await this.#get<api.AnnouncementList>("api/admin/announcements")).announcements;

  addAnnouncement = (announcement: api.AnnouncementRequest): Promise<api.AnnouncementCard> =>
    this.#post("api/admin/announcements", announcement);

  removeAnnouncement = (number: number): Promise<void> =>
    this.#session.request("DELETE", `api/admin/announcements/${number}`);

  // --- bridges --------------------------------------------------------------------------------------------

  /** Between lobbies and channels elsewhere. */
  bridges = async (): Promise<readonly api.BridgeRow[]> => (await this.#get<api.Bridges>("api/admin/bridges")).bridges;

  /** @returns the bridge with its token, which is shown this once. */
  openBridge = (bridge: api.NewBridge): Promise<api.OpenedBridge> => this.#post("api/admin/bridges", bridge);

  closeBridge = (number: number): Promise<void> => this.#session.request("DELETE", `api/admin/bridges/${number}`);

  // --- the world ------------------------------------------------------------------------------------------

  /** All of it, also what players have to find. */
  worldMap = (): Promise<api.WorldMap> => this.#get("api/admin/world/map");

  worldEntities = (): Promise<api.WorldEntities> => this.#get("api/admin/world/entities");

  /** The newest first; those before the number, if one is given. */
  worldEvents = (before: number | null = null): Promise<api.StaffWorldEvents> =>
    this.#get("api/admin/world/events", { before });

  /** As they are on the disk now; changes nothing. */
  checkPacks = (): Promise<api.PackCheck> => this.#post("api/admin/world/check");

  reloadPacks = (): Promise<api.PackReload> => this.#post("api/admin/world/reload");

  causeAetherfall = (): Promise<api.Caused> => this.#post("api/admin/world/aetherfall");

  /** `hours` is null for a seal that stays until it is lifted. */
  sealShard = (number: number, hours: number | null): Promise<api.Caused> =>
    this.#post(`api/admin/world/shards/${number}/seal`, { hours });

  unsealShard = (number: number): Promise<api.Caused> => this.#post(`api/admin/world/shards/${number}/unseal`);

  releaseShard = (number: number): Promise<api.Caused> => this.#post(`api/admin/world/shards/${number}/release`);

  // --- the server -----------------------------------------------------------------------------------------

  /** What the server stands on. */
  system = (): Promise<api.SystemAnswer> => this.#get("api/admin/system");

  /** With where each comes from; secrets are masked. */
  settings = async (): Promise<readonly api.SettingRow[]> =>
    (await this.#get<api.SettingRows>("api/admin/settings")).settings;

  /** By name; null takes a change back. All are changed or none. @returns those that were named. */
  changeSettings = async (settings: Readonly<Record<string, unknown>>): Promise<readonly api.SettingRow[]> =>
    (await this.#session.request<api.SettingRows>("PATCH", "api/admin/settings", { settings })).settings;

  // --- backups --------------------------------------------------------------------------------------------

  backups = (): Promise<api.Backups> => this.#get("api/admin/backups");

  backup = (name: string): Promise<api.BackupDetails> => this.#get(`api/admin/backups/${encodeURIComponent(name)}`);

  /** Answers when it is whole and on the disk. */
  makeBackup = (): Promise<api.BackupDetails> => this.#session.request("POST", "api/admin/backups");

  /** Look at every byte of it. */
  verifyBackup = (name: string): Promise<api.BackupCheck> =>
    this.#post(`api/admin/backups/${encodeURIComponent(name)}/verify`);

  /** Throw away those that the settings do not keep. */
  pruneBackups = async (): Promise<readonly api.BackupEntry[]> =>
    (await this.#post<api.Pruned>("api/admin/backups/prune")).removed;

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
