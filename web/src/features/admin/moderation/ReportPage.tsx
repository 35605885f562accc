import type { AdminApi } from "@mythgate/sdk";
import { useState } from "react";
import { house } from "../../../stores/adminConsole.ts";
import { useMe } from "../../../stores/adminMe.ts";
import { URGENCIES } from "../../../stores/adminMeasures.ts";
import { tell } from "../../../stores/adminTold.ts";
import { Button } from "../../../ui/Button.tsx";
import { Choice } from "../../../ui/Choice.tsx";
import { Panel } from "../../../ui/Panel.tsx";
import { Problem } from "../../../ui/Problem.tsx";
import ui from "../../../ui/ui.module.css";
import { useSubmit } from "../../useSubmit.ts";
import { clockTime, fromNow, fullTime } from "../../when.ts";
import { Act } from "../Act.tsx";
import console from "../Console.module.css";
import { Facts, Mark } from "../Facts.tsx";
import { PageLink } from "../PageLink.tsx";
import { Shown } from "../Shown.tsx";
import { type Polled, usePolled } from "../usePolled.ts";
import { MeasureList } from "./MeasureList.tsx";
import styles from "./Moderation.module.css";
import { TakeMeasure } from "./TakeMeasure.tsx";

const REFRESH_MS = 10_000;

/** One report: who said what, the evidence, and going on with it. */
export function ReportPage({ number }: { readonly number: number }) {
  const report = usePolled(() => house.report(number), REFRESH_MS, String(number));
  const may = useMe(({ permissions }) => permissions) ?? new Set<string>();
  const [taken, setTaken] = useState(0);
  return (
    <>
      <p>
        <PageLink part="moderation">‹ All reports</PageLink>
      </p>
      <Shown of={report}>
        {(card) => (
          <div className={console.stack}>
            <div className={styles.head}>
              <h2 className={styles.name}>{card.name || "Somebody"}</h2>
              <Mark tone={card.urgency > 1 ? "bad" : "plain"}>{URGENCIES[card.urgency]}</Mark>
              <Mark tone={card.state === "open" ? "warn" : "plain"}>{card.state}</Mark>
            </div>
            <Verdict verdict={card.verdict} sealed={card.sealed_at} />
            <Facts
              rows={[
                ["Where", card.place],
                ["When", `${fromNow(card.moment)}, ${fullTime(card.moment)}`],
                [
                  "Account",
                  card.subject_account ? (
                    <PageLink key="account" part={`users/${card.subject}`}>
                      {card.subject_account}
                    </PageLink>
                  ) : (
                    ""
                  ),
                ],
                ["Looked at by", card.claimed_name],
                ["Answer", card.answer],
              ]}
            />
            {may.has("handle_reports") && <Steps card={card} report={report} />}
            <Panel title="Who reported it" extra={card.said.length}>
              <ul className={console.entries}>
                {card.said.map((one) => (
                  <li key={`${one.at} ${one.name}`}>
                    <p className={console.quote}>{one.reason || "without a word"}</p>
                    <p className={console.dim}>
                      {one.name}, {fullTime(one.at)}
                      {one.told_at && `, answered ${fromNow(one.told_at)}`}
                    </p>
                  </li>
                ))}
              </ul>
            </Panel>
            <Panel title="Evidence" extra={`${card.evidence.length} lines`}>
              <Evidence card={card} mayDelete={may.has("delete_messages")} />
            </Panel>
            {card.subject_account && (
              <Panel title="What was done about them">
                <div className={console.stack}>
                  <MeasureList
                    key={taken}
                    active={false}
                    account={card.subject}
                    nothing="Nothing was ever done about them."
                  />
                  <div className={console.bar}>
                    {(["mute", "ban"] as const).map(
                      (kind) =>
                        may.has(kind) && (
                          <TakeMeasure
                            key={kind}
                            kind={kind}
                            account={{ id: card.subject, name: card.name }}
                            onTaken={() => setTaken((before) => before + 1)}
                          />
                        ),
                    )}
                  </div>
                </div>
              </Panel>
            )}
          </div>
        )}
      </Shown>
    </>
  );
}

interface VerdictProps {
  readonly verdict: AdminApi.EvidenceVerdict;
  readonly sealed: string | null;
}

/** Whether the chain of hashes holds. */
function Verdict({ verdict, sealed }: VerdictProps) {
  if (!verdict.genuine)
    return (
      <Problem
        message={`The evidence is not as it was taken${verdict.line === null ? "" : `, from line ${verdict.line} on`}: ${verdict.problem}`}
        hint="Somebody changed it in the database. Do not rely on it."
      />
    );
  return (
    <p className={ui.note}>
      The evidence is as it was taken: the chain over its {verdict.lines} lines holds.
      {verdict.erased > 0 && ` ${verdict.erased} were erased with the account of who said them.`}
      {!sealed && " It is still being collected."}
    </p>
  );
}

interface StepsProps {
  readonly card: AdminApi.ReportCard;
  readonly report: Polled<AdminApi.ReportCard>;
}

function Steps({ card, report }: StepsProps) {
  const { submit, busy, problems } = useSubmit([]);
  const step = (which: AdminApi.ReportStep, done: string) =>
    submit(async () => {
      report.put(await house.stepReport(card.number, which));
      tell(done);
    });
  const may = new Set(card.may);
  return (
    <>
      {problems.form && <Problem {...problems.form} />}
      <div className={console.bar}>
        {may.has("claim") && (
          <Button look="primary" isDisabled={busy} onPress={() => void step("claim", "The report is yours.")}>
            I look at it
          </Button>
        )}
        {(["resolve", "dismiss"] as const).map(
          (which) =>
            may.has(which) && (
              <Act
                key={which}
                label={which === "resolve" ? "Resolve" : "Dismiss"}
                title={which === "resolve" ? "Resolve this report?" : "Dismiss this report?"}
                about={
                  which === "resolve"
                    ? "Something was done about it. Those who reported it are told."
                    : "Nothing had to be done. Those who reported it are told."
                }
                wishes={[{ name: "answer", label: "What they are told (optional)", kind: "text", maxLength: 1000 }]}
                asksWhy={false}
                done="The report is closed."
                onAct={async (_, { answer = "" }) => report.put(await house.stepReport(card.number, which, answer))}
              />
            ),
        )}
        {may.has("release") && (
          <Button isDisabled={busy} onPress={() => void step("release", "Somebody else may look at it.")}>
            Leave it to others
          </Button>
        )}
        {may.has("reopen") && (
          <Button isDisabled={busy} onPress={() => void step("reopen", "The report is open again.")}>
            Open it again
          </Button>
        )}
        <Choice
          label="Urgency"
          value={String(card.urgency)}
          options={URGENCIES.map((name, rank) => [String(rank), name])}
          onChange={(rank) => void submit(async () => report.put(await house.rateReport(card.number, Number(rank))))}
        />
      </div>
    </>
  );
}

interface EvidenceProps {
  readonly card: AdminApi.ReportCard;
  readonly mayDelete: boolean;
}

function Evidence({ card, mayDelete }: EvidenceProps) {
  return (
    <ol className={styles.evidence} aria-label="What was said around it">
      {card.evidence.map((line) => (
        <li
          key={line.position}
          className={styles.line}
          data-report={line.channel === "report" || undefined}
          data-broken={(card.verdict.line !== null && line.position >= card.verdict.line) || undefined}
        >
          <time className={console.dim} dateTime={line.at} title={fullTime(line.at)}>
            {clockTime(line.at)}
          </time>
          <span>
            {line.erased ? (
              <span className={console.dim}>erased with the account of who said it</span>
            ) : (
              <>
                <strong>{line.name || "the server"}</strong>
                {line.speaker === card.subject && card.subject !== "" && (
                  <>
                    {" "}
                    <Mark tone="warn">reported</Mark>
                  </>
                )}
                : {line.text} {line.after && <Mark>after the report</Mark>}
              </>
            )}
          </span>
          <code className={console.dim} title={line.hash}>
            {line.hash.slice(0, 8)}
          </code>
          {mayDelete && line.message_id && !line.erased && (
            <Act
              label="Delete"
              look="quiet"
              name={`Delete what ${line.name} said at ${clockTime(line.at)}`}
              title="Delete this message?"
              about="It goes out of the histories and of what clients show. The evidence keeps it."
              danger
              done="The message is deleted."
              onAct={(reason) => house.deleteMessage(line.message_id, reason)}
            />
          )}
        </li>
      ))}
    </ol>
  );
}
