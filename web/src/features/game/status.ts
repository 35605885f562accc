import type { OccupantView } from "@mythgate/sdk";

/** How a player's status is shown beside the name: a sign and the word, never colour alone. */
export const STATUS_MARKS: Readonly<Record<NonNullable<OccupantView["status"]>, { mark: string; word: string }>> = {
  online: { mark: "●", word: "" },
  away: { mark: "☾", word: "away" },
  busy: { mark: "⊘", word: "busy" },
  linkdead: { mark: "⌁", word: "linkdead" },
};
