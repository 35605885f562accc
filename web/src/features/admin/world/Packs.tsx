import { useState } from "react";
import { house } from "../../../stores/adminConsole.ts";
import { tell } from "../../../stores/adminTold.ts";
import { Button } from "../../../ui/Button.tsx";
import { Panel } from "../../../ui/Panel.tsx";
import { Problem } from "../../../ui/Problem.tsx";
import { useSubmit } from "../../useSubmit.ts";
import { Act } from "../Act.tsx";
import console from "../Console.module.css";

/** Whether the world packs on the disk are sound, and putting them in force. */
export function Packs() {
  const { submit, busy, problems } = useSubmit([]);
  const [found, setFound] = useState<readonly string[] | null>(null);
  const check = () =>
    submit(async () => {
      const { ok, problems: faults } = await house.checkPacks();
      setFound(faults);
      tell(ok ? "The packs are sound." : "The packs have problems.");
    });
  return (
    <div className={console.stack}>
      <p>
        Packs are folders on the machine. Check what stands there now; then have the server read it. People whose room
        is gone are brought to the start.
      </p>
      <div className={console.bar}>
        <Button isDisabled={busy} onPress={() => void check()}>
          Check the packs
        </Button>
        <Act
          label="Read the packs again"
          look="primary"
          title="Read the world packs again?"
          about="Packs with problems change nothing."
          asksWhy={false}
          onAct={async () => {
            const done = await house.reloadPacks();
            setFound(done.problems);
            tell(
              done.reloaded
                ? `In force: ${done.rooms_changed} rooms changed, ${done.items_added} things added, ${done.characters_moved} people moved.`
                : "Nothing changed: the packs have problems.",
            );
          }}
        />
      </div>
      {problems.form && <Problem {...problems.form} />}
      {found?.length === 0 && <p role="status">No problem was found.</p>}
      {found && found.length > 0 && (
        <Panel title="Problems" extra={found.length}>
          <ul className={console.entries}>
            {found.map((one) => (
              <li key={one}>
                <code>{one}</code>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </div>
  );
}
