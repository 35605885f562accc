import { useState } from "react";
import { house } from "../../../stores/adminConsole.ts";
import { useMe } from "../../../stores/adminMe.ts";
import { casteName } from "../../../stores/lobby.ts";
import { pages } from "../../../stores/login.ts";
import { Choice } from "../../../ui/Choice.tsx";
import { Panel } from "../../../ui/Panel.tsx";
import { fullTime } from "../../when.ts";
import { Act } from "../Act.tsx";
import styles from "../Console.module.css";
import { Nothing, Shown } from "../Shown.tsx";
import { Table } from "../Table.tsx";
import { usePolled } from "../usePolled.ts";

const SHOWN = 50;
const AS_IT_IS = "";

/** The ladder of this season, its seasons, and what another formula would change. */
export function LadderDesk() {
  const mayCorrect = useMe(({ permissions }) => permissions?.has("correct_results") ?? false);
  const [formula, setFormula] = useState(AS_IT_IS);
  const [acted, setActed] = useState(0);
  const seasons = usePolled(house.seasons, null, String(acted));
  const changed = () => setActed((before) => before + 1);
  return (
    <Shown of={seasons}>
      {(known) => {
        const formulas = known.formulas.map((one) => [one, one] as const);
        return (
          <div className={styles.stack}>
            {mayCorrect && (
              <div className={styles.bar}>
                <Choice
                  label="Show the ladder by"
                  value={formula}
                  options={[[AS_IT_IS, "the formula of the season"], ...formulas]}
                  onChange={setFormula}
                />
                <Act
                  label="Recompute"
                  title="Make the ladder anew?"
                  about="The standings of the present season are made anew from its results. No result is lost."
                  wishes={[
                    {
                      name: "formula",
                      label: "By",
                      kind: "choice",
                      options: [[AS_IT_IS, "the formula of the season"], ...formulas],
                    },
                  ]}
                  asksWhy={false}
                  done="The ladder is made anew."
                  onAct={async (_, wishes) => {
                    await house.recomputeLadder(wishes.formula || null);
                    changed();
                  }}
                />
                <Act
                  label="New season"
                  title="Close this season and begin another?"
                  about="Everybody starts anew. The ladder of this season stays to be read."
                  wishes={[
                    { name: "name", label: "Name of the new season", isRequired: true, maxLength: 40 },
                    {
                      name: "formula",
                      label: "By",
                      kind: "choice",
                      options: [[AS_IT_IS, "the formula of the settings"], ...formulas],
                    },
                  ]}
                  asksWhy={false}
                  danger
                  done="A new season has begun."
                  onAct={async (_, wishes) => {
                    await house.openSeason(wishes.name ?? "", wishes.formula || null);
                    changed();
                  }}
                />
              </div>
            )}
            {formula === AS_IT_IS ? <Standings key={acted} /> : <Preview key={formula} formula={formula} />}
            <Panel title="Seasons" extra={known.seasons.length}>
              {known.seasons.length === 0 ? (
                <Nothing>The first season begins with the first result.</Nothing>
              ) : (
                <Table
                  label="Seasons"
                  rows={[...known.seasons].reverse()}
                  keyOf={(one) => one.number}
                  columns={[
                    { name: "Season", of: (one) => one.name || `Season ${one.number}` },
                    { name: "Formula", of: (one) => one.formula },
                    { name: "Began", of: (one) => fullTime(one.starts_at) },
                    { name: "Ended", of: (one) => (one.ends_at ? fullTime(one.ends_at) : "goes on") },
                  ]}
                />
              )}
            </Panel>
          </div>
        );
      }}
    </Shown>
  );
}

function Standings() {
  const ladder = usePolled(() => pages.ladder({ category: "ranked", limit: SHOWN }), null);
  return (
    <Panel title="Ranked, as it is">
      <Shown of={ladder}>
        {({ rows }) =>
          rows.length === 0 ? (
            <Nothing>Nobody has a ranked result in this season. Games played in ranked lobbies count.</Nothing>
          ) : (
            <Table
              label="Ladder"
              rows={rows}
              keyOf={(row) => row.number}
              columns={[
                { name: "Name", of: (row) => row.name || "(gone)" },
                { name: "Place", isNumber: true, of: (row) => row.place },
                { name: "Points", isNumber: true, of: (row) => row.points },
                { name: "Caste", of: (row) => casteName(row.caste) },
              ]}
            />
          )
        }
      </Shown>
    </Panel>
  );
}

function Preview({ formula }: { readonly formula: string }) {
  const preview = usePolled(() => house.previewFormula(formula), null);
  return (
    <Panel title={`Ranked, as it would be by ${formula}`}>
      <Shown of={preview}>
        {({ moved }) =>
          moved.length === 0 ? (
            <Nothing>Nobody has a ranked result in this season, so nothing would change.</Nothing>
          ) : (
            <Table
              label="Ladder by another formula"
              rows={moved.slice(0, SHOWN)}
              keyOf={(one) => one.number}
              columns={[
                { name: "Name", of: (one) => one.name || "(gone)" },
                { name: "Place now", isNumber: true, of: (one) => one.before?.place ?? "–" },
                { name: "Place then", isNumber: true, of: (one) => one.after?.place ?? "–" },
                { name: "Points now", isNumber: true, of: (one) => one.before?.points ?? "–" },
                { name: "Points then", isNumber: true, of: (one) => one.after?.points ?? "–" },
                { name: "Caste then", of: (one) => casteName(one.after?.caste) },
              ]}
            />
          )
        }
      </Shown>
    </Panel>
  );
}
