/** What holds against somebody who need not be signed in, and what becomes of their appeal. */
import { type AppealProof, Appeals, type OwnAppeal, type OwnMeasure } from "@mythgate/sdk";
import { create } from "zustand";
import { api, pages } from "./login.ts";
import { doorName } from "./status.ts";

/** As many characters as the server takes. */
export const APPEAL_LENGTH = 2000;

interface AppealState {
  /** What proves who asks, as long as the page is open; never stored. */
  readonly proof: AppealProof | null;
  readonly measure: OwnMeasure | null;
  /** Where the measure holds, in words; empty for everywhere. */
  readonly place: string;
}

const NOBODY: AppealState = { proof: null, measure: null, place: "" };

const appeals = new Appeals(api);

export const useAppeal = create<AppealState>(() => NOBODY);

/** See what holds, and the answer if there is one. */
export async function look(proof: AppealProof): Promise<void> {
  const measure = await appeals.look(proof);
  useAppeal.setState({ proof, measure, place: await placeOf(measure) });
}

/** See what became of it meanwhile. @returns whether anything is new. */
export async function lookAgain(): Promise<boolean> {
  const { proof, measure } = useAppeal.getState();
  if (!proof) return false;
  await look(proof);
  return JSON.stringify(useAppeal.getState().measure) !== JSON.stringify(measure);
}

/** Say why it is wrong. */
export async function appeal(text: string): Promise<void> {
  const { proof } = useAppeal.getState();
  if (proof) useAppeal.setState({ measure: await appeals.make(proof, text.trim()) });
}

/** Nobody has proven who they are any more. */
export const forget = (): void => useAppeal.setState(NOBODY);

/** One appeal at a time, and only against what holds. */
export const mayAppeal = ({ active, appeal }: OwnMeasure): boolean => active && appeal?.state !== "open";

/** What holds or held, as a sentence. */
export function sentence({ kind, active, appeal }: OwnMeasure, place: string): string {
  const what = `${kind === "ban" ? "banned" : "muted"}${place && ` ${place}`}`;
  if (active) return `You are ${what}.`;
  return appeal?.state === "granted" ? `You are not ${what} any more.` : `You were ${what}. That is over.`;
}

export const OUTCOMES: Readonly<Record<OwnAppeal["state"], string>> = {
  open: "Nobody has decided yet. Look again later.",
  granted: "Granted: it was lifted.",
  refused: "Refused.",
};

async function placeOf({ kind, scope, place }: OwnMeasure): Promise<string> {
  switch (scope) {
    case "everywhere":
      return "";
    case "room":
      return `${kind === "ban" ? "from" : "in"} one place of the world`;
    case "door":
      return `on one way in (${doorName(place)})`;
    case "lobby":
      return `${kind === "ban" ? "from" : "in"} ${await lobbyName(place)}`;
  }
}

/** A list of lobbies that cannot be had must not keep anybody from reading what holds. */
async function lobbyName(number: string): Promise<string> {
  const known = await pages.rooms().catch(() => null);
  return `the lobby ${known?.rooms.find(({ id }) => String(id) === number)?.name ?? number}`;
}
