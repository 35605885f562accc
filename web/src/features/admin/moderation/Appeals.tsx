import type { AdminApi } from "@mythgate/sdk";
import { house } from "../../../stores/adminConsole.ts";
import { useMe } from "../../../stores/adminMe.ts";
import { Tick } from "../../../ui/Tick.tsx";
import { fromNow, fullTime } from "../../when.ts";
import { Act } from "../Act.tsx";
import console from "../Console.module.css";
import { Mark } from "../Facts.tsx";
import { PageLink } from "../PageLink.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { narrowBy, useNarrowed } from "../useNarrowed.ts";
import { usePolled } from "../usePolled.ts";

const REFRESH_MS = 30_000;

/** What people say to the measures against them. */
export function Appeals() {
  const { decided } = useNarrowed("decided");
  const appeals = usePolled(() => house.appeals(decided === ""), REFRESH_MS, decided);
  return (
    <>
      <div className={console.bar}>
        <Tick isSelected={decided !== ""} onChange={(wanted) => narrowBy({ decided: wanted ? "true" : "" })}>
          Also those that are decided
        </Tick>
      </div>
      <Shown of={appeals}>
        {(page) =>
          page.appeals.length === 0 ? (
            <Nothing>Nobody appeals. Who is banned or muted is told a code to appeal with.</Nothing>
          ) : (
            <ol className={console.entries} aria-label="Appeals, the newest first">
              {page.appeals.map((one) => (
                <li key={one.number}>
                  <Appeal appeal={one} onDecided={appeals.refresh} />
                </li>
              ))}
            </ol>
          )
        }
      </Shown>
    </>
  );
}

interface AppealProps {
  readonly appeal: AdminApi.AppealRow;
  readonly onDecided: () => void;
}

function Appeal({ appeal, onDecided }: AppealProps) {
  const mayDecide = useMe(({ permissions }) => permissions?.has("handle_appeals") ?? false);
  const { number, name, text, created_at, state, answer, measure } = appeal;
  return (
    <div className={console.stack}>
      <p>
        {measure.account_id ? <PageLink part={`users/${measure.account_id}`}>{name}</PageLink> : name}{" "}
        <Mark tone={state === "open" ? "warn" : "plain"}>{state}</Mark>{" "}
        <span className={console.dim} title={fullTime(created_at)}>
          {fromNow(created_at)}
        </span>
      </p>
      <p className={console.quote}>{text}</p>
      <p className={console.dim}>
        About the {measure.kind} by {measure.by} {fromNow(measure.created_at)}
        {measure.reason && `: ${measure.reason}`}
      </p>
      {answer && <p>Answer: {answer}</p>}
      {mayDecide && state === "open" && (
        <div className={console.bar}>
          {(["grant", "refuse"] as const).map((step) => (
            <Act
              key={step}
              label={step === "grant" ? "Grant" : "Refuse"}
              name={`${step === "grant" ? "Grant" : "Refuse"} the appeal of ${name}`}
              title={step === "grant" ? `Grant the appeal of ${name}?` : `Refuse the appeal of ${name}?`}
              about={step === "grant" ? "The measure is lifted." : "The measure stays."}
              wishes={[{ name: "answer", label: "Answer (optional)", kind: "text", maxLength: 1000 }]}
              asksWhy={false}
              done={step === "grant" ? "Granted, and the measure is lifted." : "Refused."}
              onAct={async (_, wishes) => {
                await house.decideAppeal(number, step, wishes.answer ?? "");
                onDecided();
              }}
            />
          ))}
        </div>
      )}
    </div>
  );
}
