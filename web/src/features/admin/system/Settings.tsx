import type { AdminApi } from "@mythgate/sdk";
import { useState } from "react";
import { house } from "../../../stores/adminConsole.ts";
import { useMe } from "../../../stores/adminMe.ts";
import { AT_RUN_TIME, bySection, foundSettings, settingText, settingValue } from "../../../stores/adminSettings.ts";
import { Field } from "../../../ui/Field.tsx";
import { Act } from "../Act.tsx";
import console from "../Console.module.css";
import { Mark } from "../Facts.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { Table } from "../Table.tsx";
import { narrowBy, useNarrowed } from "../useNarrowed.ts";
import { usePolled } from "../usePolled.ts";
import styles from "./System.module.css";

/** All settings with where each comes from; some can be changed while the server runs. */
export function Settings() {
  const { search } = useNarrowed("search");
  const settings = usePolled(house.settings, null);
  return (
    <>
      <search>
        <Field
          label="Name or meaning contains"
          value={search}
          onChange={(next) => narrowBy({ search: next })}
          autoComplete="off"
          spellCheck="false"
        />
      </search>
      <Shown of={settings}>
        {(all) => {
          const found = foundSettings(all, search);
          if (found.length === 0) return <Nothing>No setting fits.</Nothing>;
          const put = (changed: readonly AdminApi.SettingRow[]) => {
            const newer = new Map(changed.map((one) => [one.name, one]));
            settings.put(all.map((one) => newer.get(one.name) ?? one));
          };
          return bySection(found).map(([section, rows]) => (
            <Section
              // A search opens what it finds, and folds it again at its end.
              key={`${section} ${search !== ""}`}
              section={section}
              rows={rows}
              startsOpen={search !== "" || rows.some(({ origin }) => origin === AT_RUN_TIME)}
              onChanged={put}
            />
          ));
        }}
      </Shown>
    </>
  );
}

const isSet = ({ origin }: AdminApi.SettingRow): boolean => origin !== "default";

function summaryOf(rows: readonly AdminApi.SettingRow[]): string {
  const set = rows.filter(isSet).length;
  return `${rows.length} settings${set > 0 ? `, ${set} not as by default` : ""}`;
}

/** Lists can be as long as a book. */
const LONG = 120;

function Value({ value }: { readonly value: unknown }) {
  const text = settingText(value);
  if (text.length <= LONG) return <code>{text}</code>;
  return (
    <details>
      <summary>{text.slice(0, 40)} …</summary>
      <code>{text}</code>
    </details>
  );
}

interface SettingTableProps {
  readonly section: string;
  readonly rows: readonly AdminApi.SettingRow[];
  readonly onChanged: (changed: readonly AdminApi.SettingRow[]) => void;
}

interface SectionProps extends SettingTableProps {
  readonly startsOpen: boolean;
}

/** One section, which is drawn when somebody opens it: there are hundreds of settings. */
function Section({ startsOpen, ...table }: SectionProps) {
  const [isOpen, setOpen] = useState(startsOpen);
  return (
    <details className={styles.section} open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {table.section || "general"} <span className={console.dim}>{summaryOf(table.rows)}</span>
      </summary>
      {isOpen && <SettingTable {...table} />}
    </details>
  );
}

function SettingTable({ section, rows, onChanged }: SettingTableProps) {
  const mayChange = useMe(({ permissions }) => permissions?.has("change_settings") ?? false);
  return (
    <Table
      label={`Settings: ${section || "general"}`}
      rows={rows}
      keyOf={(one) => one.name}
      columns={[
        { name: "Setting", of: (one) => one.name },
        { name: "Value", of: (one) => <Value value={one.value} /> },
        { name: "From", of: (one) => <Mark tone={toneOf(one.origin)}>{one.origin}</Mark> },
        { name: "Meaning", of: (one) => one.description },
        ...(mayChange
          ? [
              {
                name: "Act",
                of: (one: AdminApi.SettingRow) =>
                  one.changeable ? (
                    <Change setting={one} onChanged={onChanged} />
                  ) : (
                    <span className={console.dim}>{one.obstacle}</span>
                  ),
              },
            ]
          : []),
      ]}
    />
  );
}

const toneOf = (origin: string): "plain" | "good" | "warn" =>
  origin === "default" ? "plain" : origin === AT_RUN_TIME ? "warn" : "good";

interface ChangeProps {
  readonly setting: AdminApi.SettingRow;
  readonly onChanged: (changed: readonly AdminApi.SettingRow[]) => void;
}

function Change({ setting, onChanged }: ChangeProps) {
  const { name, value, origin, description } = setting;
  return (
    <>
      <Act
        label="Change"
        look="quiet"
        name={`Change ${name}`}
        title={`Change ${name}`}
        about={`${description} It holds at once, and stays when the server starts anew.`}
        wishes={[
          typeof value === "boolean"
            ? {
                name,
                label: "Value",
                kind: "choice",
                initial: String(value),
                options: [
                  ["true", "true"],
                  ["false", "false"],
                ],
              }
            : { name, label: "Value", initial: settingText(value) },
        ]}
        asksWhy={false}
        done={`${name} is changed.`}
        onAct={async (_, wishes) =>
          onChanged(await house.changeSettings({ [name]: settingValue(wishes[name] ?? "", value) }))
        }
      />
      {origin === AT_RUN_TIME && (
        <Act
          label="Take back"
          look="quiet"
          name={`Take back the change of ${name}`}
          title={`Take back the change of ${name}?`}
          about="It is then as the settings file and the environment say."
          asksWhy={false}
          done={`${name} is as the settings say.`}
          onAct={async () => onChanged(await house.changeSettings({ [name]: null }))}
        />
      )}
    </>
  );
}
