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

/** Which entries of the record; what is empty does not matter. */
export interface RecordWishes {
  /** Name or id of who did it. */
  readonly actor?: string;
  /** Name or id of whom it was done to. */
  readonly subject?: string;
  /** An act, or its beginning: `account.` for all about accounts. */
  readonly action?: string;
  readonly text?: string;
}

/** Lines of talk that are asked for at once. */
const MOST_LINES = 500;

const room = (key: string, act = ""): string => `api/admin/rooms/${encodeURIComponent(key)}${act && `/${act}`}`;

const person = (id: string, act: string): string => `api/admin/users/${encodeURIComponent(id)}/${act}`;

export class Console {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  // --- oneself --------------------------------------------------------------------------------------------

  /** What who is signed in may do. */
  me = (): Promise<api.StaffSelf> => this.#get("api/admin/me");

  /** Show a code of the second factor: the session is good for everything the role may, for some hours. */
  showCode = (code: string): Promise<api.Fresh> => this.#post("api/admin/second-factor", { code });

  /** Begin with a second factor; it counts once a code of it is confirmed. */
  enrolFactor = (): Promise<api.FactorSecret> => this.#session.request("POST", "api/admin/second-factor/enrol");

  /** @returns codes for recovery, which are shown this once. */
  confirmFactor = async (code: string): Promise<readonly string[]> =>
    (await this.#post<api.RecoveryCodes>("api/admin/second-factor/confirm", { code })).recovery_codes;

  disableFactor = (code: string): Promise<void> => this.#post("api/admin/second-factor/disable", { code });

  renewRecovery = async (code: string): Promise<readonly string[]> =>
    (await this.#post<api.RecoveryCodes>("api/admin/second-factor/recovery-codes", { code })).recovery_codes;

  // --- tokens for programs --------------------------------------------------------------------------------

  tokens = async (): Promise<readonly api.ProgramToken[]> =>
    (await this.#get<api.ProgramTokens>("api/admin/tokens")).tokens;

  /** @returns the token, which is shown this once. */
  makeToken = (token: api.NewProgramToken): Promise<api.MadeProgramToken> => this.#post("api/admin/tokens", token);

  endToken = (number: number): Promise<void> => this.#session.request("DELETE", `api/admin/tokens/${number}`);

  // --- people ---------------------------------------------------------------------------------------------

  /** What the staff wrote about somebody, the newest first. */
  notes = async (id: string): Promise<readonly api.StaffNote[]> =>
    (await this.#get<api.StaffNotes>(person(id, "notes"))).notes;

  addNote = (id: string, text: string): Promise<api.StaffNote> => this.#post(person(id, "notes"), { text });

  removeNote = (id: string, number: number): Promise<void> =>
    this.#session.request("DELETE", person(id, `notes/${number}`));

  /** Where they came from, and who else came from there. */
  alternates = (id: string): Promise<api.UserAlternates> => this.#get(person(id, "alternates"));

  rename = (id: string, name: string, reason: string): Promise<api.Renamed> =>
    this.#post(person(id, "rename"), { name, reason });

  /** All that is stored about somebody, without secrets. */
  exportPerson = (id: string): Promise<api.PersonExport> => this.#get(person(id, "export"));

  /** For good. `name` is that of the account, so that it is the right one. */
  erasePerson = (id: string, name: string, reason: string): Promise<api.PersonErased> =>
    this.#post(person(id, "erase"), { name, reason });

  /** For who lost it; all their sessions end. */
  resetFactor = (id: string, reason: string): Promise<api.FactorReset> =>
    this.#post(person(id, "second-factor/reset"), { reason });

  // --- reports --------------------------------------------------------------------------------------------

  /** The most urgent first; of one state only, if it is named, and after the report of that number. */
  reports = (state: string, after: number | null = null): Promise<api.ReportPage> =>
    this.#get("api/admin/reports", { state: state || null, after });

  /** With its evidence, and whether that is as it was taken. */
  report = (number: number): Promise<api.ReportCard> => this.#get(`api/admin/reports/${number}`);

  /** Claim, release, resolve, dismiss or reopen it; who reported it reads the answer when it is closed. */
  stepReport = (number: number, step: api.ReportStep, answer = ""): Promise<api.ReportCard> =>
    this.#post(`api/admin/reports/${number}/step`, { step, answer });

  /** From 0, low, to 3, urgent. */
  rateReport = (number: number, urgency: number): Promise<api.ReportCard> =>
    this.#post(`api/admin/reports/${number}/urgency`, { urgency });

  /** Out of the histories and of what clients show; evidence keeps it. */
  deleteMessage = (id: string, reason: string): Promise<api.MessageGone> =>
    this.#post("api/admin/messages/delete", { id, reason });

  // --- measures -------------------------------------------------------------------------------------------

  /** Bans and mutes, the newest first: those that hold, or all; of one account, if it is named. */
  measures = (active = true, account: string | null = null, before: number | null = null): Promise<api.MeasurePage> =>
    this.#get("api/admin/measures", { active, account_id: account, before });

  takeMeasure = (measure: api.MeasureRequest): Promise<api.MeasureRow> => this.#post("api/admin/measures", measure);

  changeMeasure = (number: number, change: api.MeasureChange): Promise<api.MeasureRow> =>
    this.#session.request("PATCH", `api/admin/measures/${number}`, change);

  liftMeasure = (number: number, reason: string): Promise<api.MeasureRow> =>
    this.#post(`api/admin/measures/${number}/lift`, { reason });

  /** @returns how many places they were put out of. */
  kick = async (account: string, reason: string): Promise<number> =>
    (await this.#post<api.Kicked>("api/admin/kicks", { account_id: account, reason })).places;

  /** The newest first: open ones, or all. */
  appeals = (onlyOpen = true, before: number | null = null): Promise<api.AppealPage> =>
    this.#get("api/admin/appeals", { open_only: onlyOpen, before });

  decideAppeal = (number: number, step: api.AppealStep, answer: string): Promise<api.Decided> =>
    this.#post(`api/admin/appeals/${number}`, { step, answer });

  // --- filters --------------------------------------------------------------------------------------------

  filters = (): Promise<readonly api.FilterRow[]> => this.#get("api/admin/filters");

  addFilter = (filter: api.FilterValues): Promise<api.FilterRow> => this.#post("api/admin/filters", filter);

  changeFilter = (number: number, change: api.FilterChange): Promise<api.FilterRow> =>
    this.#session.request("PATCH", `api/admin/filters/${number}`, change);

  removeFilter = (number: number): Promise<api.FilterRow> =>
    this.#session.request("DELETE", `api/admin/filters/${number}`);

  /** What would become of words; nothing is said. */
  tryFilters = (text: string): Promise<api.Tried> => this.#post("api/admin/filters/try", { text });

  // --- now ------------------------------------------------------------------------------------------------

  now = (): Promise<api.NowAnswer> => this.#get("api/admin/now");

  /** The last hour. */
  series = (): Promise<api.NowSeries> => this.#get("api/admin/now/series");

  /** Why somebody may or may not come in, by name; `guest` for guests. */
  why = (name: string): Promise<api.Why> => this.#get(`api/admin/why/${encodeURIComponent(name)}`);

  // --- the record -----------------------------------------------------------------------------------------

  /** Who did what, the newest first; before the entry of that number, if one is given. */
  record = (
    { actor, subject, action, text }: RecordWishes = {},
    before: number | null = null,
  ): Promise<api.RecordEntries> =>
    this.#get("api/admin/record", {
      actor: actor || null,
      subject: subject || null,
      action: action || null,
      text: text || null,
      before,
    });

  /** Walk along the chain of hashes. */
  verifyRecord = (): Promise<api.RecordVerification> => this.#get("api/admin/record/verification");

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

  // --- the protocol lab -----------------------------------------------------------------------------------

  labConnections = (): Promise<readonly api.WatchableConnection[]> => this.#get("api/admin/lab/connections");

  /** Those that run and those that ended within the last hour, the newest first. */
  labCaptures = (): Promise<readonly api.LabCapture[]> => this.#get("api/admin/lab/captures");

  beginCapture = (connection: string, reason: string, seconds: number): Promise<api.LabCapture> =>
    this.#post("api/admin/lab/captures", { connection_id: connection, reason, seconds });

  /** What was seen, from that line on. */
  capture = (id: string, after = 0): Promise<api.CaptureLines> =>
    this.#get(`api/admin/lab/captures/${encodeURIComponent(id)}`, { after });

  stopCapture = (id: string): Promise<api.LabCapture> =>
    this.#post(`api/admin/lab/captures/${encodeURIComponent(id)}/stop`);

  // --- results --------------------------------------------------------------------------------------------

  /** The newest first; those before the number, if one is given. */
  results = (before: number | null = null): Promise<api.StaffResults> => this.#get("api/admin/results", { before });

  /** Have it count for nothing; the standings of its season are made anew. */
  voidResult = (number: number, reason: string): Promise<api.Recounted> =>
    this.#post(`api/admin/results/${number}/void`, { reason });

  restoreResult = (number: number, reason: string): Promise<api.Recounted> =>
    this.#post(`api/admin/results/${number}/restore`, { reason });

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
