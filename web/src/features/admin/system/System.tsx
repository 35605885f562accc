import { useMe } from "../../../stores/adminMe.ts";
import { SubNav } from "../SubNav.tsx";
import type { SectionProps } from "../sections.ts";
import { Backups } from "./Backups.tsx";
import { Ground } from "./Ground.tsx";
import { Settings } from "./Settings.tsx";
import { Tokens } from "./Tokens.tsx";

/** The server itself. */
export function System({ rest }: SectionProps) {
  const may = useMe(({ permissions }) => permissions) ?? new Set<string>();
  const pages = [
    ...(may.has("see_settings")
      ? [["system/ground", "Server"] as const, ["system/settings", "Settings"] as const]
      : []),
    ...(may.has("back_up") ? [["system/backups", "Backups"] as const] : []),
    ...(may.has("use_tokens") ? [["system/tokens", "Tokens"] as const] : []),
  ];
  const chosen = pages.find(([part]) => part === `system/${rest}`)?.[0] ?? pages[0]?.[0] ?? "";
  return (
    <>
      <SubNav label="System" pages={pages} chosen={chosen} />
      {chosen === "system/ground" && <Ground />}
      {chosen === "system/settings" && <Settings />}
      {chosen === "system/tokens" && <Tokens />}
      {chosen === "system/backups" && <Backups />}
    </>
  );
}
