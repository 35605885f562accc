import type {
  CombatView,
  FighterView,
  ItemView,
  OwnParty,
  OwnTrades,
  PartyInvite,
  PartyView,
  PlayerView,
  RoomView,
  ServerEvent,
  TradeView,
} from "@mythgate/sdk";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type Adventure,
  alliesToHelp,
  applyAdventureEvent,
  EMPTY_ADVENTURE,
  enemiesOf,
  healthOf,
  isOwnTurn,
  ownFighter,
  withInvitations,
  withoutChallenge,
  withoutOutcomes,
  withTrades,
} from "../src/stores/adventure.ts";
import {
  aboutClass,
  aboutFaction,
  aboutRace,
  beginningOf,
  EVEN_STATS,
  FIRST_CHOICES,
  isComplete,
  pointsLeft,
} from "../src/stores/beginning.ts";
import { event, FakeSocket } from "./fakes.ts";

const AT = "2026-03-01T12:00:00Z";
const lived = (now: Adventure, ...events: ServerEvent[]): Adventure => events.reduce(applyAdventureEvent, now);

const entered = event("game_state", {
  player: { id: "ada", name: "Ada" } as PlayerView,
  room: { id: "square" } as RoomView,
  session_id: "s",
});
const playing = lived(EMPTY_ADVENTURE, entered);

const party: PartyView = {
  number: 7,
  name: "Otters",
  leader_id: "ada",
  leader_number: 1,
  members: [
    { id: "ada", number: 1, name: "Ada", level: 2, faction: "", status: "online", health: 40, max_health: 95 },
    { id: "ben", number: 2, name: "Ben", level: 1, faction: "", status: "linkdead", health: 90, max_health: 95 },
    { id: "cleo", number: 3, name: "Cleo", level: 0, faction: "", status: "absent", health: 0, max_health: 0 },
  ],
  max_members: 4,
  loot_sharing: "equal",
};

const invite = (number: number, invitee = "ada"): PartyInvite => ({
  party_number: number,
  party_name: "Otters",
  inviter_id: "ben",
  inviter_number: 2,
  inviter_name: "Ben",
  invitee_id: invitee,
  invitee_number: 1,
  invitee_name: "Ada",
  expires_at: AT,
  message: "Ben asks you.",
});

describe("parties", () => {
  const told = (view: PartyView | null) =>
    event("party_update", { party: view, reason: "state", party_number: 7, player_id: null, message: "" });

  test("an update replaces what was known; health is known of those who are there", () => {
    const now = lived(playing, told(party));
    expect(now.party).toEqual(party);
    expect(healthOf(now, "ben")).toEqual({ health: 90, max_health: 95 });
    expect(healthOf(now, "cleo")).toBeNull();
    const hurt = event("player_state", { player_id: "ben", health: 3, max_health: 95 });
    expect(healthOf(lived(now, hurt), "ben")).toEqual({ health: 3, max_health: 95 });
    expect(lived(now, told(null)).party).toBeNull();
  });

  test("an invitation waits until it has ended; those one sent are not among them", () => {
    const asked = lived(playing, event("party_invite", invite(7)), event("party_invite", invite(8)));
    expect(asked.invitations.map((one) => one.party_number)).toEqual([8, 7]);
    expect(lived(asked, event("party_invite", invite(7))).invitations).toHaveLength(2);
    expect(lived(asked, event("party_invite", invite(9, "cleo")))).toBe(asked);
    const ended = { party_number: 7, inviter_id: "ben", outcome: "expired", message: "" } as const;
    const other = event("party_invite_ended", { ...ended, invitee_id: "cleo" });
    expect(lived(asked, other)).toBe(asked);
    const own = event("party_invite_ended", { ...ended, invitee_id: "ada" });
    expect(lived(asked, own).invitations.map((one) => one.party_number)).toEqual([8]);
  });
});

const offerOf = (...items: TradeView["yours"]["items"]): TradeView["yours"] => ({ souls: 0, items, confirmed: false });

const trade = (change: Partial<TradeView> = {}): TradeView => ({
  id: "t",
  state: "open",
  requester_id: "ben",
  partner_id: "ben",
  partner_name: "Ben",
  yours: offerOf(),
  theirs: offerOf(),
  revision: 1,
  expires_at: AT,
  ...change,
});

describe("trades", () => {
  test("a request to the player waits beside a request of their own", () => {
    const theirs = trade({ id: "a", state: "requested" });
    const own = trade({ id: "b", state: "requested", requester_id: "ada" });
    const asked = lived(
      playing,
      event("trade_request", { trade: theirs, message: "Ben asks." }),
      event("trade_request", { trade: own, message: "You ask." }),
    );
    expect(asked).toMatchObject({ requests: [theirs], trade: own });
    const open = lived(asked, event("trade_accept", { trade: trade({ id: "a" }), player_id: "ada", message: "Go." }));
    expect(open).toMatchObject({ requests: [], trade: { id: "a", state: "open" }, tradeNews: "Go." });
  });

  test("any change of an offer is there with its confirmations gone", () => {
    const confirmed = trade({ theirs: { ...offerOf(), confirmed: true }, revision: 4 });
    const open = lived(playing, event("trade_accept", { trade: confirmed, player_id: "ben", message: "" }));
    expect(open.trade?.theirs.confirmed).toBe(true);
    const changed = trade({ theirs: { ...offerOf(), souls: 5 }, revision: 5 });
    const edited = lived(open, event("trade_update", { trade: changed, message: "Ben offers 5 souls." }));
    expect(edited).toMatchObject({ trade: changed, tradeNews: "Ben offers 5 souls." });
  });

  test("a trade ends well or not, which the player reads and closes; another's end changes nothing", () => {
    const open = lived(playing, event("trade_accept", { trade: trade(), player_id: "ben", message: "" }));
    const off = { partner_id: "ben", reason: "moved", player_id: "ben", message: "Ben walks away." } as const;
    const ended = lived(open, event("trade_decline", { id: "t", ...off }));
    expect(ended).toMatchObject({ trade: null, tradeOutcome: { done: false, message: "Ben walks away." } });
    expect(lived(open, event("trade_decline", { id: "x", ...off })).trade).toEqual(trade());
    const done = lived(open, event("trade_complete", { trade: trade(), souls: 9, message: "You give a pear." }));
    expect(done).toMatchObject({ trade: null, tradeOutcome: { done: true, message: "You give a pear." } });
    expect(lived(open, event("trade_complete", { trade: trade({ id: "x" }), souls: 9, message: "" }))).toBe(open);
    expect(withoutOutcomes(done).tradeOutcome).toBeNull();
  });
});

const fighter = (number: number, side: number, more: Partial<FighterView> = {}): FighterView => ({
  number,
  name: `F${number}`,
  side,
  character_id: null,
  character_number: 0,
  creature: "wolf",
  level: 1,
  condition: "standing",
  stance: null,
  health: 10,
  max_health: 20,
  stamina: 5,
  max_stamina: 5,
  mana: 0,
  max_mana: 0,
  ...more,
});

const combat = (change: Partial<CombatView> = {}): CombatView => ({
  id: "c",
  room_id: "moor",
  round: 1,
  active: 1,
  active_character_id: "ada",
  order: [1, 2, 3],
  seconds_left: 12.5,
  turn_seconds: 30,
  fighters: [
    fighter(1, 1, { character_id: "ada", creature: "", health: 33, max_health: 95 }),
    fighter(2, 2),
    fighter(3, 2, { condition: "fallen" }),
  ],
  log: [],
  is_finished: false,
  is_duel: false,
  commitment: "",
  ...change,
});

describe("fights", () => {
  const start = event("combat_start", { combat: combat(), message: "You fight." });

  test("who fights knows themselves, their enemies, whose turn it is and until when", () => {
    const now = lived(playing, start);
    expect(now.turnEndsAt).toBe(Date.parse(AT) + 12_500);
    expect(isOwnTurn(now)).toBe(true);
    expect(ownFighter(now)?.number).toBe(1);
    expect(enemiesOf(now).map((one) => one.number)).toEqual([2]);
    expect(healthOf(now, "ada")).toMatchObject({ health: 33 });
    expect([isOwnTurn(playing), ownFighter(playing), enemiesOf(playing)]).toEqual([false, null, []]);
    const theirs = combat({ active: 2, active_character_id: null });
    expect(isOwnTurn(lived(now, event("combat_state", { combat: theirs })))).toBe(false);
    const over = combat({ is_finished: true, active: 0, active_character_id: null, order: [] });
    expect(lived(now, event("combat_state", { combat: over })).turnEndsAt).toBeNull();
  });

  test("the end stands there until it is read; that of another fight changes nothing", () => {
    const end = {
      combat_id: "c",
      outcome: "won",
      winner_ids: ["ada"],
      souls_gained: 3,
      xp_gained: 4,
      loot: [],
      seed: "1",
      message: "You win.",
    } as const;
    const now = lived(playing, event("combat_start", { combat: combat({ commitment: "f00d" }), message: "" }));
    const ended = lived(now, event("combat_end", { ...end, winner_ids: [...end.winner_ids], loot: [] }));
    expect(ended).toMatchObject({ combat: null, turnEndsAt: null, combatEnd: { outcome: "won" } });
    expect(withoutOutcomes(ended).combatEnd).toBeNull();
    const fight = { id: "c", endedAt: AT, outcome: "won", message: "You win.", commitment: "f00d" };
    expect(withoutOutcomes(ended).fights).toEqual([fight]);
    const go = (id: string) => event("room_update", { room: { id } as RoomView });
    expect(lived(ended, go("square")).combatEnd).not.toBeNull();
    expect(lived(ended, go("path")).combatEnd).toBeNull();
    const fell = lived(now, event("combat_end", { ...end, winner_ids: [], loot: [], outcome: "fallen" }), go("inn"));
    expect(fell.combatEnd).not.toBeNull();
    expect(lived(fell, go("square")).combatEnd).toBeNull();
    const other = event("combat_end", { ...end, winner_ids: [], loot: [], combat_id: "x" });
    expect(lived(now, other)).toBe(now);
  });

  test("a fight of the party that one sees can be joined until it is over, or one is elsewhere", () => {
    const line = (joinable: string[], id = "c") =>
      event("combat_event", { combat_id: id, message: "", damage: 0, target: "", joinable }, { room_id: "moor" });
    const company = event("party_update", { party, reason: "state", party_number: 7, player_id: null, message: "" });
    const seen = lived(playing, company, line(["ben", "zoe"]));
    expect(alliesToHelp(seen)).toEqual(["Ben"]);
    expect(alliesToHelp(lived(playing, line(["ben"])))).toEqual([]);
    expect(alliesToHelp(lived(playing, company, line(["zoe"])))).toEqual([]);
    expect(alliesToHelp(lived(seen, line([], "x")))).toEqual(["Ben"]);
    expect(alliesToHelp(lived(seen, line([])))).toEqual([]);
    expect(alliesToHelp(lived(seen, start))).toEqual([]);
    const inRoom = (id: string) => event("room_update", { room: { id } as RoomView });
    expect(alliesToHelp(lived(seen, inRoom("moor"), inRoom("moor")))).toEqual(["Ben"]);
    expect(alliesToHelp(lived(seen, inRoom("path")))).toEqual([]);
    const went = event("command_response", { success: true, result: "", room_state: { id: "path" } as RoomView });
    expect(alliesToHelp(lived(seen, went))).toEqual([]);
  });

  test("a challenge to the player waits until it is answered or let go", () => {
    const challenge = (challenger: string, target: string) =>
      event("combat_challenge", {
        challenger_id: challenger,
        challenger_name: challenger,
        target_id: target,
        expires_at: AT,
        message: "",
      });
    const asked = lived(playing, challenge("ben", "ada"), challenge("cleo", "ada"), challenge("ben", "ada"));
    expect(asked.challenges.map((one) => one.challenger_id)).toEqual(["cleo", "ben"]);
    expect(lived(asked, challenge("ada", "ben"))).toBe(asked);
    expect(withoutChallenge(asked, "cleo").challenges.map((one) => one.challenger_id)).toEqual(["ben"]);
    const duel = combat({ is_duel: true, fighters: [...combat().fighters, fighter(4, 2, { character_id: "ben" })] });
    const fighting = lived(asked, event("combat_start", { combat: duel, message: "" }));
    expect(fighting.challenges.map((one) => one.challenger_id)).toEqual(["cleo"]);
  });
});

test("a fresh start forgets everything but that logs have to be read anew", () => {
  const full = lived(
    playing,
    event("party_update", { party }),
    event("party_invite", invite(7)),
    event("trade_accept", { trade: trade(), player_id: "ben", message: "" }),
    event("combat_start", { combat: combat(), message: "" }),
  );
  expect(lived(full, entered)).toEqual({ ...playing, questChanges: 2, worldChanges: 2 });
  expect(lived(playing, event("quest_update", {})).questChanges).toBe(2);
  expect(lived(playing, event("shard_captured", {}), event("reality_shift", {})).worldChanges).toBe(3);
  expect(lived(playing, event("heartbeat", {}))).toBe(playing);
});

describe("what is not told again", () => {
  const items = new Map<string, string>();
  const storage = {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
  let parties: (OwnParty | null)[];
  let trades: OwnTrades | null;
  let sent: [string, string, unknown][];
  /** Called before the server answers about parties. */
  let meanwhile: () => void;

  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse(AT) });
    vi.resetModules();
    FakeSocket.all = [];
    items.clear();
    const login = { refreshToken: "r", userId: "u", username: "Ada", role: "player", isGuest: false };
    items.set("mythgate.login", JSON.stringify(login));
    parties = [];
    trades = { trade: null, requests: [] };
    sent = [];
    meanwhile = () => undefined;
    vi.stubGlobal("sessionStorage", storage);
    vi.stubGlobal("WebSocket", FakeSocket);
    vi.stubGlobal("fetch", async (url: URL, init: RequestInit = {}) => {
      const method = init.method ?? "GET";
      const refusal = () =>
        new Response(JSON.stringify({ error: { code: "no_trade", message: "No." } }), { status: 409 });
      if (url.pathname === "/api/auth/refresh") return Response.json({ access_token: "access", expires_in: 900 });
      if (url.pathname === "/api/party") {
        meanwhile();
        const answer = parties.shift();
        return answer ? Response.json(answer) : refusal();
      }
      if (url.pathname === "/api/trades") return trades ? Response.json(trades) : refusal();
      sent.push([method, url.pathname, init.body ? JSON.parse(String(init.body)) : null]);
      return url.pathname.endsWith("/confirm") ? refusal() : Response.json(trade());
    });
  });

  afterEach(() => {
    vi.clearAllTimers();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const settle = () => vi.advanceTimersByTimeAsync(500);

  async function enter() {
    const play = await import("../src/stores/play.ts");
    play.enterWorld({ id: "ada", name: "Ada" });
    await settle();
    FakeSocket.latest.accept();
    const room = { id: "square", name: "Square", description: "", ways: [], players: [], npcs: [], items: [] };
    const player = { id: "ada", name: "Ada", inventory: [], following: null };
    FakeSocket.latest.deliver(
      event(
        "game_state",
        { player: player as unknown as PlayerView, room: room as unknown as RoomView, recent: [] },
        { sequence_number: 1 },
      ),
    );
    await settle();
    return play;
  }

  test("is asked for on entering, and survives a reload", async () => {
    parties = [{ party: null, invitations: [invite(7)] }];
    trades = { trade: trade(), requests: [trade({ id: "a", state: "requested" })] };
    const play = await enter();
    const { adventure } = play.usePlay.getState();
    expect(adventure).toMatchObject({ self: "ada", invitations: [{ party_number: 7 }], trade: { id: "t" } });
    await settle();
    vi.resetModules();
    const again = await import("../src/stores/play.ts");
    expect(again.resumePlay()).toBe(true);
    expect(again.usePlay.getState().adventure).toEqual(adventure);
  });

  test("is asked for once more if events told of it meanwhile, and left if nobody answers", async () => {
    parties = [
      { party: null, invitations: [] },
      { party: null, invitations: [invite(8)] },
    ];
    trades = null;
    meanwhile = () => {
      meanwhile = () => undefined;
      FakeSocket.latest.deliver(event("party_invite", invite(8), { sequence_number: 2 }));
    };
    const play = await enter();
    expect(play.usePlay.getState().adventure.invitations).toEqual([invite(8)]);
    expect(parties).toEqual([]);
    expect(play.usePlay.getState().adventure.trade).toBeNull();
  });

  test("what is done about a trade is sent once, and what is refused stands there until the next trade", async () => {
    parties = [{ party: null, invitations: [] }];
    trades = { trade: trade({ revision: 6 }), requests: [] };
    const play = await enter();
    const trading = await import("../src/stores/trading.ts");
    const both = [
      trading.offer("t", { souls: 3, items: [{ item_id: "pear", quantity: 2 }] }),
      trading.offer("t", { souls: 4, items: [] }),
    ];
    await Promise.all(both);
    await trading.acceptTrade("t");
    await trading.endTrade("t");
    await trading.confirmTrade(trade({ revision: 6 }));
    expect(sent).toEqual([
      ["PUT", "/api/trades/t/offer", { souls: 3, items: [{ item_id: "pear", quantity: 2 }] }],
      ["POST", "/api/trades/t/accept", null],
      ["DELETE", "/api/trades/t", null],
      ["POST", "/api/trades/t/confirm", { revision: 6 }],
    ]);
    expect(trading.useTrading.getState()).toMatchObject({ busy: false, problem: { message: "No." } });
    FakeSocket.latest.deliver(
      event("trade_accept", { trade: trade({ id: "next" }), player_id: "ben", message: "" }, { sequence_number: 2 }),
    );
    expect(trading.useTrading.getState().problem).toBeNull();
    play.outcomesRead();
    play.ignoreChallenge("ben");
    expect(play.usePlay.getState().adventure.trade?.id).toBe("next");
  });

  test("the clocks are compared by the event that was the shortest way", async () => {
    const play = await enter();
    const ahead = () => play.usePlay.getState().clockAhead;
    const told = (secondsAgo: number, sequence: number) =>
      FakeSocket.latest.deliver(
        event(
          "room_message",
          { message: "" },
          { sequence_number: sequence, timestamp: new Date(Date.now() - secondsAgo * 1000).toISOString() },
        ),
      );
    told(90, 2);
    const before = ahead();
    expect(before).toBeLessThan(2_000);
    told(-60, 3);
    expect(ahead()).toBe(-60_000);
    told(300, 4);
    expect(ahead()).toBe(-60_000);
  });

  test("offers are changed as a whole", async () => {
    const trading = await import("../src/stores/trading.ts");
    const pear: ItemView = { id: "p1", name: "a pear", count: 3 };
    const lamp: ItemView = { id: "l", name: "a lamp" };
    const now = {
      ...offerOf({ item_id: "p1", name: "a pear", quantity: 1 }, { item_id: "p2", name: "a pear" }),
      souls: 5,
    };
    expect(trading.rowsOf(now)).toEqual([{ name: "a pear", quantity: 2 }]);
    expect(trading.withThing(now, lamp, 1)).toEqual({
      souls: 5,
      items: [
        { item_id: "p1", quantity: 1 },
        { item_id: "p2", quantity: 1 },
        { item_id: "l", quantity: 1 },
      ],
    });
    expect(trading.withThing(now, pear, 1)).toEqual({ souls: 5, items: [{ item_id: "p1", quantity: 3 }] });
    expect(trading.withoutThing(now, "a pear")).toEqual({ souls: 5, items: [] });
    expect(trading.withSouls(now, 7).souls).toBe(7);
    const sword: ItemView = { id: "s", name: "a sword", equipped: true };
    const letter: ItemView = { id: "q", name: "a letter", kind: "quest_item" };
    expect(trading.offerable([pear, lamp, sword, letter], now)).toEqual([
      { ...pear, count: 1 },
      { ...lamp, count: 1 },
    ]);
    expect(trading.offerable([{ ...pear, count: 2 }], now)).toEqual([]);
  });
});

test("answers of the server are put in their places", () => {
  const invited = withInvitations(playing, { party: null, invitations: [invite(7)] });
  expect(invited.invitations).toEqual([invite(7)]);
  expect(withTrades(playing, { trade: trade(), requests: [] }).trade).toEqual(trade());
});

describe("beginnings", () => {
  test("nothing is sent that was not chosen", () => {
    expect(beginningOf(FIRST_CHOICES)).toEqual({ race: "Human", character_class: "Ranger" });
    const chosen = { race: "Elf", calling: "Rogue", faction: "Shadowborn", stats: EVEN_STATS };
    expect(beginningOf(chosen)).toMatchObject({ faction: "Shadowborn", stats: { strength: 10, charisma: 10 } });
  });

  test("each choice is told in the words of the rules", () => {
    expect(aboutRace("Human")).toBe("+1 to each attribute.");
    expect(aboutRace("Undead")).toBe("-1 constitution, +2 intelligence, -1 charisma.");
    expect(aboutClass("Rogue")).toBe(
      "Health 90, stamina 130, mana 60; each level +2 dexterity, +1 constitution, +1 charisma. " +
        "Lives by dexterity, charisma and intelligence. " +
        "Abilities: Backstab, Poison Blade, Shadow Step, Fan of Knives.",
    );
    expect(aboutFaction("Golden Order")).toContain("the Radiant Era");
    expect(aboutFaction("")).toContain("no side");
    expect([aboutRace("Cat"), aboutClass("Cat")]).toEqual(["", ""]);
  });

  test.each([
    [{}, 0, true],
    [{ strength: "11" }, -1, false],
    [{ strength: "9" }, 1, false],
    [{ strength: "18", wisdom: "2" }, 0, false],
    [{ strength: "19", wisdom: "3", charisma: "8" }, 0, false],
    [{ strength: "" }, 10, false],
  ])("%o leaves %i points", (change, left, complete) => {
    const stats = { ...EVEN_STATS, ...change };
    expect([pointsLeft(stats), isComplete({ ...FIRST_CHOICES, stats })]).toEqual([left, complete]);
  });
});
