import type { OccupantView } from "@mythgate/sdk";
import { LOST_CONNECTION } from "../../stores/arrival.ts";

interface StatusMark {
  readonly mark: string;
  readonly word: string;
  readonly explanation?: string;
}

/** How a player's status is shown beside the name: a sign and the word, never colour alone. */
export const STATUS_MARKS: Readonly<Record<NonNullable<OccupantView["status"]>, StatusMark>> = {
  online: { mark: "●", word: "" },
  away: { mark: "☾", word: "away" },
  busy: { mark: "⊘", word: "busy" },
  linkdead: {
    mark: "⌁",
    word: LOST_CONNECTION,
    explanation: "Their connection broke. They come back soon, or leave the world after a while.",
  },
};
