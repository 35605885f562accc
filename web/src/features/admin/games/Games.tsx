import { tell } from "../../../stores/adminTold.ts";
import { explain, pages } from "../../../stores/login.ts";
import { goTo } from "../../../stores/page.ts";
import { Tournaments } from "../../lobby/Tournaments.tsx";
import { SubNav } from "../SubNav.tsx";
import type { SectionProps } from "../sections.ts";
import { Hosted } from "./Hosted.tsx";
import { LadderDesk } from "./LadderDesk.tsx";
import { Results } from "./Results.tsx";

const PAGES = [
  ["games", "Hosted now"],
  ["games/results", "Results"],
  ["games/ladder", "Ladder"],
  ["games/tournaments", "Tournaments"],
] as const;

/** Somebody by the number that lobbies know them by; whose account is gone is not looked for. */
const look = (number: number): void =>
  void pages.player(number).then(
    ({ name }) => goTo("admin", "users", new URLSearchParams({ search: name }).toString()),
    (error: unknown) => tell(explain(error).message),
  );

/** What is played, how it ended, and what it counts. */
export function Games({ rest }: SectionProps) {
  return (
    <>
      <SubNav label="Games" pages={PAGES} chosen={rest ? `games/${rest}` : "games"} />
      {rest === "results" ? (
        <Results />
      ) : rest === "ladder" ? (
        <LadderDesk />
      ) : rest === "tournaments" ? (
        <Tournaments onPerson={look} />
      ) : (
        <Hosted />
      )}
    </>
  );
}
