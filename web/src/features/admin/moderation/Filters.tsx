import type { AdminApi } from "@mythgate/sdk";
import { type FormEvent, useState } from "react";
import { Form } from "react-aria-components";
import { house } from "../../../stores/adminConsole.ts";
import { useMe } from "../../../stores/adminMe.ts";
import { scopeOf, whereChoices } from "../../../stores/adminMeasures.ts";
import { Button } from "../../../ui/Button.tsx";
import { Field } from "../../../ui/Field.tsx";
import { Panel } from "../../../ui/Panel.tsx";
import { Problem } from "../../../ui/Problem.tsx";
import { useSubmit } from "../../useSubmit.ts";
import { Act, type Wish, type Wishes } from "../Act.tsx";
import console from "../Console.module.css";
import { Mark } from "../Facts.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { Table } from "../Table.tsx";
import { usePolled } from "../usePolled.ts";

const ACTIONS: Readonly<Record<AdminApi.FilterAction, string>> = {
  flag: "let it be said, and report it",
  mask: "blot the words out",
  refuse: "refuse it",
  mute: "refuse it, and mute who goes on",
};

const APPLIES: Readonly<Record<AdminApi.Applies, string>> = {
  talk: "what is said",
  names: "names",
  both: "what is said, and names",
};

/** Words that are not said here, and names that nobody has. */
export function Filters() {
  const maySet = useMe(({ permissions }) => permissions?.has("set_filters") ?? false);
  const filters = usePolled(house.filters, null);
  const rooms = usePolled(() => house.rooms(true), null);
  const where = whereChoices(rooms.value ?? []);
  const names = new Map(where);
  return (
    <div className={console.stack}>
      {maySet && (
        <div className={console.bar}>
          <Act
            label="Add a filter"
            title="A filter of words"
            wishes={wishesOf(null, where)}
            asksWhy={false}
            done="The filter is in force."
            onAct={async (_, wishes) => {
              await house.addFilter(filterOf(wishes));
              filters.refresh();
            }}
          />
        </div>
      )}
      <Shown of={filters}>
        {(all) =>
          all.length === 0 ? (
            <Nothing>There is none: everything may be said.</Nothing>
          ) : (
            <Table
              label="Filters of words"
              rows={all}
              keyOf={(one) => one.number}
              columns={[
                { name: "Words", of: (one) => <code>{one.pattern}</code> },
                { name: "Does", of: (one) => ACTIONS[one.action] },
                { name: "For", of: (one) => APPLIES[one.applies ?? "both"] },
                { name: "Where", of: (one) => names.get(whereOf(one)) ?? whereOf(one) },
                { name: "State", of: (one) => (one.enabled ? "" : <Mark>switched off</Mark>) },
                ...(maySet
                  ? [
                      {
                        name: "Act",
                        of: (one: AdminApi.FilterRow) => (
                          <Desk filter={one} where={where} onChanged={filters.refresh} />
                        ),
                      },
                    ]
                  : []),
              ]}
            />
          )
        }
      </Shown>
      <TryOut />
    </div>
  );
}

const whereOf = ({ scope, place }: AdminApi.FilterValues): string =>
  !scope || scope === "everywhere" ? "everywhere" : `${scope}:${place ?? ""}`;

function wishesOf(filter: AdminApi.FilterRow | null, where: Wish["options"]): Wish[] {
  return [
    {
      name: "pattern",
      label: "Words",
      initial: filter?.pattern ?? "",
      description: "Also found as l33t and in other letters that look alike.",
      isRequired: true,
      maxLength: 200,
    },
    { name: "anywhere", label: "Also within longer words", kind: "tick", initial: filter?.anywhere ? "yes" : "" },
    {
      name: "action",
      label: "What is done",
      kind: "choice",
      initial: filter?.action ?? "refuse",
      options: Object.entries(ACTIONS),
    },
    {
      name: "applies",
      label: "For",
      kind: "choice",
      initial: filter?.applies ?? "both",
      options: Object.entries(APPLIES),
    },
    {
      name: "where",
      label: "Where",
      kind: "choice",
      initial: filter ? whereOf(filter) : "everywhere",
      ...(where ? { options: where } : {}),
    },
    { name: "private", label: "Also in words to one person", kind: "tick", initial: filter?.private ? "yes" : "" },
    {
      name: "message",
      label: "What who is refused reads (optional)",
      initial: filter?.message ?? "",
      maxLength: 200,
    },
  ];
}

const filterOf = (wishes: Wishes): AdminApi.FilterValues => ({
  pattern: wishes.pattern ?? "",
  anywhere: wishes.anywhere === "yes",
  action: (wishes.action ?? "refuse") as AdminApi.FilterAction,
  applies: (wishes.applies ?? "both") as AdminApi.Applies,
  private: wishes.private === "yes",
  message: wishes.message ?? "",
  ...scopeOf(wishes.where ?? ""),
});

interface DeskProps {
  readonly filter: AdminApi.FilterRow;
  readonly where: Wish["options"];
  readonly onChanged: () => void;
}

function Desk({ filter, where, onChanged }: DeskProps) {
  const { number, pattern, enabled } = filter;
  return (
    <>
      <Act
        label="Change"
        look="quiet"
        name={`Change the filter of ${pattern}`}
        title={`The filter of ${pattern}`}
        wishes={wishesOf(filter, where)}
        asksWhy={false}
        done="The filter is changed."
        onAct={async (_, wishes) => {
          await house.changeFilter(number, filterOf(wishes));
          onChanged();
        }}
      />
      <Act
        label={enabled ? "Switch off" : "Switch on"}
        look="quiet"
        name={`Switch ${enabled ? "off" : "on"} the filter of ${pattern}`}
        title={`Switch the filter of ${pattern} ${enabled ? "off" : "on"}?`}
        asksWhy={false}
        done={enabled ? "The filter is off." : "The filter is on."}
        onAct={async () => {
          await house.changeFilter(number, { enabled: !enabled });
          onChanged();
        }}
      />
      <Act
        label="Remove"
        look="quiet"
        name={`Remove the filter of ${pattern}`}
        title={`Remove the filter of ${pattern}?`}
        asksWhy={false}
        danger
        done="The filter is gone."
        onAct={async () => {
          await house.removeFilter(number);
          onChanged();
        }}
      />
    </>
  );
}

function TryOut() {
  const [text, setText] = useState("");
  const [tried, setTried] = useState<AdminApi.Tried | null>(null);
  const { submit, busy, problems } = useSubmit(["text"]);

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    void submit(async () => setTried(await house.tryFilters(text)));
  }

  return (
    <Panel title="Try them out">
      <Form className={console.bar ?? ""} onSubmit={onSubmit} validationBehavior="aria">
        <Field label="Somebody says" name="text" value={text} onChange={setText} error={problems.fields.text} />
        <Button type="submit" isDisabled={busy || !text.trim()}>
          What becomes of it?
        </Button>
      </Form>
      {problems.form && <Problem {...problems.form} />}
      <p role="status">{tried && outcome(tried)}</p>
    </Panel>
  );
}

const outcome = ({ words, filters }: AdminApi.Tried): string =>
  filters.length === 0
    ? "It is said as it is: no filter fits."
    : `Filters ${filters.join(", ")} fit. ${words ? `If nothing refuses it, others read: ${words}` : ""}`;
