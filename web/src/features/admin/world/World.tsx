import { useMe } from "../../../stores/adminMe.ts";
import { SubNav } from "../SubNav.tsx";
import type { SectionProps } from "../sections.ts";
import { Atlas } from "./Atlas.tsx";
import { Entities } from "./Entities.tsx";
import { Events } from "./Events.tsx";
import { Packs } from "./Packs.tsx";

/** The text world: its map, who and what is in it, its packs, and what happens to it. */
export function World({ rest }: SectionProps) {
  const mayRun = useMe(({ permissions }) => permissions?.has("run_world") ?? false);
  const pages = [
    ["world", "Map"] as const,
    ["world/entities", "Who and what"] as const,
    ["world/events", "Events"] as const,
    ...(mayRun ? [["world/packs", "Packs"] as const] : []),
  ];
  const chosen = pages.find(([part]) => part === `world/${rest}`)?.[0] ?? "world";
  return (
    <>
      <SubNav label="World" pages={pages} chosen={chosen} />
      {chosen === "world" && <Atlas />}
      {chosen === "world/entities" && <Entities />}
      {chosen === "world/events" && <Events mayRun={mayRun} />}
      {chosen === "world/packs" && <Packs />}
    </>
  );
}
