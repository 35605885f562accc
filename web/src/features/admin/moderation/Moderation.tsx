import { useState } from "react";
import { useMe } from "../../../stores/adminMe.ts";
import { Tick } from "../../../ui/Tick.tsx";
import console from "../Console.module.css";
import { SubNav } from "../SubNav.tsx";
import type { SectionProps } from "../sections.ts";
import { narrowBy, useNarrowed } from "../useNarrowed.ts";
import { Appeals } from "./Appeals.tsx";
import { Filters } from "./Filters.tsx";
import { MeasureList } from "./MeasureList.tsx";
import { ReportPage } from "./ReportPage.tsx";
import { Reports } from "./Reports.tsx";
import { TakeMeasure } from "./TakeMeasure.tsx";

const PAGES = [
  ["moderation", "Reports"],
  ["moderation/measures", "Bans and mutes"],
  ["moderation/appeals", "Appeals"],
  ["moderation/filters", "Filters"],
] as const;

/** Keeping the peace: what people report, what is done about it, and what they say to that. */
export function Moderation({ rest }: SectionProps) {
  const [page = "", number = ""] = rest.split("/");
  const chosen = PAGES.find(([part]) => part === `moderation/${page}`)?.[0] ?? "moderation";
  return (
    <>
      <SubNav label="Moderation" pages={PAGES} chosen={chosen} />
      {chosen === "moderation" &&
        (page === "reports" && number ? <ReportPage key={number} number={Number(number)} /> : <Reports />)}
      {chosen === "moderation/measures" && <AllMeasures />}
      {chosen === "moderation/appeals" && <Appeals />}
      {chosen === "moderation/filters" && <Filters />}
    </>
  );
}

function AllMeasures() {
  const may = useMe(({ permissions }) => permissions) ?? new Set<string>();
  const { over } = useNarrowed("over");
  const [taken, setTaken] = useState(0);
  const again = () => setTaken((before) => before + 1);
  return (
    <>
      <div className={console.bar}>
        <Tick isSelected={over !== ""} onChange={(wanted) => narrowBy({ over: wanted ? "true" : "" })}>
          Also those that are over
        </Tick>
        {may.has("see_addresses") && may.has("ban") && (
          <>
            <TakeMeasure kind="ban" account={null} onTaken={again} />
            <TakeMeasure kind="mute" account={null} onTaken={again} />
          </>
        )}
      </div>
      <MeasureList
        key={taken}
        active={over === ""}
        nothing="Nobody is banned or muted. Ban or mute people from their page under Players."
      />
    </>
  );
}
