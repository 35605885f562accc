import { useMe } from "../../../stores/adminMe.ts";
import { SubNav } from "../SubNav.tsx";
import type { SectionProps } from "../sections.ts";
import { Announcements } from "./Announcements.tsx";
import { Bridges } from "./Bridges.tsx";

/** What everybody is told, and by whom it is heard elsewhere. */
export function Messages({ rest }: SectionProps) {
  const may = useMe(({ permissions }) => permissions) ?? new Set<string>();
  const pages = [
    ...(may.has("set_messages") ? [["messages/announcements", "Announcements"] as const] : []),
    ...(may.has("run_bridges") ? [["messages/bridges", "Bridges"] as const] : []),
  ];
  const chosen = pages.find(([part]) => part === `messages/${rest}`)?.[0] ?? pages[0]?.[0] ?? "";
  return (
    <>
      <SubNav label="Messages" pages={pages} chosen={chosen} />
      {chosen === "messages/announcements" && <Announcements />}
      {chosen === "messages/bridges" && <Bridges />}
    </>
  );
}
