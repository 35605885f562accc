import { useState } from "react";
import { house } from "../../../stores/adminConsole.ts";
import { useMe } from "../../../stores/adminMe.ts";
import { Button } from "../../../ui/Button.tsx";
import { Dialog } from "../../../ui/Dialog.tsx";
import ui from "../../../ui/ui.module.css";
import { fromNow, fullTime } from "../../when.ts";
import { Act } from "../Act.tsx";
import console from "../Console.module.css";
import { Mark } from "../Facts.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { Table } from "../Table.tsx";
import { Told } from "../Told.tsx";
import { usePolled } from "../usePolled.ts";

/** Tokens with which programs use the staff's routes. */
export function Tokens() {
  const tokens = usePolled(house.tokens, null);
  const permissions = useMe((state) => state.permissions) ?? new Set<string>();
  const [made, setMade] = useState("");
  return (
    <Shown of={tokens}>
      {(all) => (
        <div className={console.stack}>
          <p className={console.dim}>
            A program sends its token as <code>Authorization: Bearer …</code> to <code>/api/admin/…</code>, and may do
            what the token names, as far as its owner may.
          </p>
          {all.length === 0 ? (
            <Nothing>There is none.</Nothing>
          ) : (
            <Table
              label="Tokens for programs"
              rows={all}
              keyOf={(one) => one.number}
              columns={[
                { name: "Name", of: (one) => one.name },
                { name: "For", of: (one) => one.owner },
                { name: "May", of: (one) => one.permissions.join(", ") },
                { name: "Used", of: (one) => (one.last_used_at ? fromNow(one.last_used_at) : "never") },
                {
                  name: "Ends",
                  of: (one) => (one.ended_at ? <Mark>ended {fromNow(one.ended_at)}</Mark> : fullTime(one.expires_at)),
                },
                {
                  name: "Act",
                  of: (one) =>
                    one.ended_at === null && (
                      <Act
                        label="End"
                        look="quiet"
                        name={`End ${one.name}`}
                        title={`End the token ${one.name}?`}
                        about="The program that uses it is refused at once."
                        asksWhy={false}
                        danger
                        done="The token is ended."
                        onAct={async () => {
                          await house.endToken(one.number);
                          tokens.refresh();
                        }}
                      />
                    ),
                },
              ]}
            />
          )}
          <div className={console.bar}>
            <Act
              label="Make a token"
              title="A token for a program"
              wishes={[
                { name: "name", label: "What it is for", isRequired: true, maxLength: 100 },
                { name: "days", label: "For so many days", kind: "number", initial: "90", isRequired: true },
                ...[...permissions]
                  .sort()
                  .map((one) => ({ name: `may ${one}`, label: one.replaceAll("_", " "), kind: "tick" }) as const),
              ]}
              asksWhy={false}
              done="The token is made."
              onAct={async (_, wishes) => {
                const may = [...permissions].filter((one) => wishes[`may ${one}`] === "yes");
                const token = await house.makeToken({
                  name: wishes.name ?? "",
                  days: Number(wishes.days),
                  permissions: may as Parameters<typeof house.makeToken>[0]["permissions"],
                });
                setMade(token.token);
                tokens.refresh();
              }}
            />
          </div>
          {made && (
            <Dialog title="The token" isOpen onClose={() => setMade("")} alert>
              <Told secret={made} about="Give this to the program. It is shown only now." />
              <div className={ui.row}>
                <Button look="primary" onPress={() => setMade("")}>
                  Done
                </Button>
              </div>
            </Dialog>
          )}
        </div>
      )}
    </Shown>
  );
}
