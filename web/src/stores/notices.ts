/** What the player wants to be told while they are away, in words; and this browser as a place to be told in. */
import {
  MythError,
  type NewSubscription,
  Notices,
  type Occasion,
  type OwnNotices,
  type WaitedFor,
} from "@mythgate/sdk";
import { pages, session } from "./login.ts";
import { rootAddress } from "./page.ts";

export const notices = new Notices(session);

export const OCCASIONS: readonly (readonly [Occasion, string])[] = [
  ["people", "so many people are there"],
  ["game", "somebody hosts a game"],
  ["clan", "so many of my clan are there"],
  ["friend", "a friend is there"],
];

/** The places one can wait for, as the server calls them and by name. */
export async function readPlaces(): Promise<readonly (readonly [string, string])[]> {
  const { rooms } = await pages.rooms();
  return [["world", "the world"], ...rooms.map(({ id, name }) => [String(id), name] as const)];
}

/** The player's friends, by number and name. */
export async function readFriends(): Promise<readonly (readonly [string, string])[]> {
  return (await session.friends()).map(({ number, name }) => [String(number), name]);
}

/** Whether it matters how many people there are. */
export const counts = (occasion: Occasion): boolean => occasion === "people" || occasion === "clan";

/** One thing that is waited for, as a sentence. */
export function sentence(one: WaitedFor, places: ReadonlyMap<string, string>, friends: ReadonlyMap<number, string>) {
  const where = one.place === "" ? "anywhere" : (places.get(one.place) ?? `lobby ${one.place}`);
  const at = one.place === "" ? where : `in ${where}`;
  switch (one.occasion) {
    case "people":
      return `${one.count === 1 ? "Somebody is" : `${one.count} people are`} ${at}`;
    case "clan":
      return `${one.count} of my clan ${one.count === 1 ? "is" : "are"} ${at}`;
    case "game":
      return `Somebody hosts a game ${at}`;
    case "friend":
      return `${one.friend ? (friends.get(one.friend) ?? `Player ${one.friend}`) : "A friend"} is ${at}`;
  }
}

/** What the form says, as the server takes it. */
export function wish(occasion: Occasion, place: string, count: string, friend: string): NewSubscription {
  return {
    occasion,
    place,
    count: counts(occasion) ? Number.parseInt(count, 10) || 0 : 1,
    friend: occasion === "friend" ? Number.parseInt(friend, 10) || 0 : 0,
  };
}

/** "22:30" as minutes after midnight, and back; NaN for what is no time. */
export function minutesOf(time: string): number {
  const [hours, minutes] = time.split(":").map(Number);
  return hours === undefined || minutes === undefined ? Number.NaN : hours * 60 + minutes;
}

export const timeOf = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

// --- this browser -----------------------------------------------------------------------------------

/** Whether this browser, on this page, can be told anything. */
export const canPush = (): boolean =>
  typeof navigator !== "undefined" &&
  "serviceWorker" in navigator &&
  typeof PushManager !== "undefined" &&
  isSecureContext;

const refusal = (message: string, hint: string) => new MythError("no_push", message, { hint });

/** Ask the browser's leave, and have notices come here. */
export async function usePush({ push_key }: OwnNotices): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") {
    throw refusal("This browser does not let this page tell you anything.", "Allow notifications for it.");
  }
  const worker = await navigator.serviceWorker.register(new URL("notices-worker.js", rootAddress()));
  await navigator.serviceWorker.ready;
  const known = await worker.pushManager.getSubscription();
  const made = known ?? (await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: push_key }));
  const { endpoint, keys } = made.toJSON();
  if (!endpoint || !keys) throw refusal("This browser has no push service.", "Choose another way.");
  await notices.addContact("push", endpoint, { p256dh: keys.p256dh ?? "", auth: keys.auth ?? "" });
}
