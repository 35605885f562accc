import type { PartyMemberView } from "@mythgate/sdk";
import { healthOf } from "../../stores/adventure.ts";
import { prepare } from "../../stores/input.ts";
import { send, usePlay } from "../../stores/play.ts";
import { Bar } from "../../ui/Bar.tsx";
import { Button } from "../../ui/Button.tsx";
import { Choice } from "../../ui/Choice.tsx";
import { ActionMenu } from "../../ui/Menu.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { STATUS_MARKS } from "../game/status.ts";
import styles from "./Adventure.module.css";
import { Voice } from "./Voice.tsx";

const MARKS: Readonly<Record<PartyMemberView["status"], { readonly mark: string; readonly word: string }>> = {
  ...STATUS_MARKS,
  absent: { mark: "◌", word: "absent" },
};

const LOOT = [
  ["equal", "in equal parts"],
  ["leader", "to the leader"],
  ["roll", "by dice"],
] as const;

/** With whom the player travels, and how they are. */
export function PartyPanel() {
  const party = usePlay((state) => state.adventure.party);
  const self = usePlay((state) => state.adventure.self);
  if (!party) {
    return (
      <Panel title="Party">
        <p className={styles.none}>You travel alone.</p>
        <div className={styles.panelActions}>
          <Button onPress={() => prepare("party invite ")}>Invite…</Button>
        </div>
      </Panel>
    );
  }
  const leads = party.leader_id === self;
  return (
    <Panel title="Party" extra={`${party.members.length} of ${party.max_members}`}>
      <p className={styles.who}>{party.name}</p>
      <ul className={styles.members} aria-label="Members of your party">
        {party.members.map((one) => (
          <Member
            key={one.id}
            member={one}
            isLeader={one.id === party.leader_id}
            isSelf={one.id === self}
            leads={leads}
          />
        ))}
      </ul>
      <div className={styles.panelActions}>
        {leads ? (
          <Choice
            label="Loot"
            value={party.loot_sharing}
            options={LOOT}
            onChange={(rule) => send(`party loot ${rule}`)}
          />
        ) : (
          <p className={styles.none}>Loot {LOOT.find(([rule]) => rule === party.loot_sharing)?.[1]}.</p>
        )}
        {!leads && <Button onPress={() => send("party follow")}>Follow</Button>}
        <Button onPress={() => prepare("party say ")}>Talk…</Button>
        {party.members.length < party.max_members && <Button onPress={() => prepare("party invite ")}>Invite…</Button>}
        <Button onPress={() => send("party leave")}>Leave</Button>
      </div>
      <Voice />
    </Panel>
  );
}

interface MemberProps {
  readonly member: PartyMemberView;
  readonly isLeader: boolean;
  readonly isSelf: boolean;
  /** Whether the player leads the party. */
  readonly leads: boolean;
}

function Member({ member, isLeader, isSelf, leads }: MemberProps) {
  const { id, name, level, faction, status } = member;
  const health = usePlay((state) => healthOf(state.adventure, id));
  const { mark, word } = MARKS[status];
  return (
    <li className={styles.member}>
      <span className={styles.memberHead}>
        {isSelf ? (
          <span>{name} (you)</span>
        ) : (
          <ActionMenu
            label={name}
            trigger={
              <Button look="quiet" className={styles.memberName} aria-label={`${name} of your party`}>
                {name} <span aria-hidden>▾</span>
              </Button>
            }
            actions={[
              { label: "Whisper…", run: () => prepare(`whisper ${name} `) },
              ...(leads
                ? [
                    { label: "Let them lead", run: () => send(`party promote ${name}`) },
                    { label: "Send away", run: () => send(`party kick ${name}`) },
                  ]
                : []),
            ]}
          />
        )}
        {isLeader && <span className={styles.mark}>★ leads</span>}
        {word && (
          <span className={styles.mark} data-status={status}>
            <span aria-hidden>{mark} </span>
            {word}
          </span>
        )}
        {level > 0 && (
          <span className={styles.mark}>
            level {level}
            {faction && `, ${faction}`}
          </span>
        )}
      </span>
      {health ? (
        <Bar
          label={`Health of ${name}`}
          look="health"
          value={health.health}
          max={health.max_health}
          isLabelled={false}
        />
      ) : (
        <span className={styles.none}>Nobody knows how they are.</span>
      )}
    </li>
  );
}
