import type { UserCard } from "@mythgate/sdk";
import { house } from "../../../stores/adminConsole.ts";
import { saveFile } from "../../../stores/adminFiles.ts";
import { useMe } from "../../../stores/adminMe.ts";
import { tell } from "../../../stores/adminTold.ts";
import ui from "../../../ui/ui.module.css";
import { Act } from "../Act.tsx";
import { TakeMeasure } from "../moderation/TakeMeasure.tsx";

interface PersonActsProps {
  readonly card: UserCard;
  /** Something changed of which the answer said nothing. */
  readonly onStale: () => void;
}

/** What the staff does about a person besides the account: kick, mute, ban, another name, and all of their data. */
export function PersonActs({ card, onStale }: PersonActsProps) {
  const may = useMe(({ permissions }) => permissions) ?? new Set<string>();
  const { id, name } = card;
  if (card.status === "deleted") return null;
  return (
    <section className={ui.row} aria-label={`More about ${name}`}>
      {may.has("kick") && card.online.length > 0 && (
        <Act
          label="Kick"
          title={`Kick ${name}?`}
          about="They are put out of everywhere, and may come back."
          onAct={async (reason) => {
            const places = await house.kick(id, reason);
            tell(`${name} was put out of ${places === 1 ? "one place" : `${places} places`}.`);
            onStale();
          }}
        />
      )}
      {may.has("mute") && <TakeMeasure kind="mute" account={{ id, name }} onTaken={onStale} />}
      {may.has("ban") && <TakeMeasure kind="ban" account={{ id, name }} onTaken={onStale} />}
      {may.has("rename") && (
        <Act
          label="Rename"
          title={`Another name for ${name}`}
          about="It holds at once; nobody else gets the old one for 30 days. Characters keep their names."
          wishes={[{ name: "name", label: "New name", initial: name, isRequired: true, maxLength: 60 }]}
          onAct={async (reason, wishes) => {
            const { name: now } = await house.rename(id, wishes.name ?? "", reason);
            tell(`${name} is called ${now} now.`);
            onStale();
          }}
        />
      )}
      {may.has("export_person") && (
        <Act
          label="Export"
          title={`Export all that is stored about ${name}?`}
          about="A file for them, without secrets. That it was made is recorded."
          asksWhy={false}
          done="The file is made."
          onAct={async () => {
            const made = await house.exportPerson(id);
            saveFile(`${made.name}.json`, JSON.stringify(made, null, 2));
          }}
        />
      )}
      {may.has("reset_second_factor") && (card.role === "admin" || card.role === "owner") && (
        <Act
          label="Reset second factor"
          title={`Take the second factor of ${name} away?`}
          about="For somebody who lost it. All their sessions end."
          danger
          onAct={async (reason) => {
            const { had_one } = await house.resetFactor(id, reason);
            tell(had_one ? "They have none any more." : "They had none.");
            onStale();
          }}
        />
      )}
      {may.has("erase_person") && (
        <Act
          label="Erase"
          look="danger"
          title={`Erase ${name}?`}
          about="All that is personal goes, for good. Results and measures stay with an anonymous name. Write the name to show that it is the right person."
          wishes={[{ name: "name", label: "Name of the account", isRequired: true, maxLength: 200 }]}
          danger
          onAct={async (reason, wishes) => {
            const { known_as } = await house.erasePerson(id, wishes.name ?? "", reason);
            tell(`${name} is erased. Results call them ${known_as}.`);
            onStale();
          }}
        />
      )}
    </section>
  );
}
