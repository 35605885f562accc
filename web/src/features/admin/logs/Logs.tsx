import { useMe } from "../../../stores/adminMe.ts";
import { SubNav } from "../SubNav.tsx";
import type { SectionProps } from "../sections.ts";
import { Faults } from "./Faults.tsx";
import { Levels } from "./Levels.tsx";
import { LogLines } from "./LogLines.tsx";
import { RecordPage } from "./RecordPage.tsx";

/** Who did what, and what the server wrote down about it. */
export function Logs({ rest }: SectionProps) {
  const may = useMe(({ permissions }) => permissions) ?? new Set<string>();
  const pages = [
    ...(may.has("see_record") ? [["logs/record", "Record"] as const] : []),
    ...(may.has("see_logs")
      ? [["logs/lines", "Log"] as const, ["logs/errors", "Errors"] as const, ["logs/levels", "Levels"] as const]
      : []),
  ];
  const chosen = pages.find(([part]) => part === `logs/${rest}`)?.[0] ?? pages[0]?.[0] ?? "";
  return (
    <>
      <SubNav label="Logs and audit" pages={pages} chosen={chosen} />
      {chosen === "logs/record" && <RecordPage />}
      {chosen === "logs/lines" && <LogLines />}
      {chosen === "logs/errors" && <Faults />}
      {chosen === "logs/levels" && <Levels />}
    </>
  );
}
