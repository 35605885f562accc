/** What one may do in one's clan, as the server judges it. */
import type { ClanMemberView, ClanRank } from "@mythgate/sdk";

export const FEWEST_MEMBERS = 3;
const GRACE_MS = 10 * 86_400_000;

const STANDING: Readonly<Record<ClanRank, number>> = { member: 0, officer: 1, leader: 2 };

export interface ClanActs {
  readonly promote: boolean;
  readonly demote: boolean;
  readonly lead: boolean;
  readonly dismiss: boolean;
}

const NONE: ClanActs = { promote: false, demote: false, lead: false, dismiss: false };

/** What `own` may do about another member. */
export function actsOn(own: ClanMemberView | undefined, other: ClanMemberView): ClanActs {
  if (!own || own.number === other.number) return NONE;
  const leads = own.rank === "leader";
  return {
    promote: leads && other.rank === "member",
    demote: leads && other.rank === "officer",
    lead: leads,
    dismiss: own.rank !== "member" && STANDING[own.rank] > STANDING[other.rank],
  };
}

/** When a clan that is too small goes. */
export const goesAt = (belowSince: string): string => new Date(Date.parse(belowSince) + GRACE_MS).toISOString();
