import { useState } from "react";
import { mayAs } from "../../stores/lobby.ts";
import { Button } from "../../ui/Button.tsx";
import { Choice } from "../../ui/Choice.tsx";
import { Field } from "../../ui/Field.tsx";
import { Panel } from "../../ui/Panel.tsx";
import ui from "../../ui/ui.module.css";
import styles from "./Lobby.module.css";
import { useStanding } from "./useStanding.ts";

interface MeasuresProps {
  readonly number: number;
  readonly isHere: boolean;
  /** Carries out a line of the lobby. */
  readonly onCommand: (line: string) => void;
}

const MINUTES = [
  ["10", "10 minutes"],
  ["60", "an hour"],
  ["1440", "a day"],
  ["", "until lifted"],
] as const;

const DAYS = [
  ["1", "a day"],
  ["7", "a week"],
  ["30", "30 days"],
] as const;

/** What the staff can do about somebody: the commands anybody of them could type. */
export function Measures({ number, isHere, onCommand }: MeasuresProps) {
  const { role } = useStanding();
  const [reason, setReason] = useState("");
  const [minutes, setMinutes] = useState<string>("10");
  const [days, setDays] = useState<string>("7");
  if (!mayAs(role, "moderator")) return null;
  const command = (...words: string[]) => onCommand(["/", words.filter(Boolean).join(" ")].join(""));
  const why = reason.trim();
  return (
    <Panel title="Measures">
      <div className={styles.form}>
        <Field label="Reason" value={reason} onChange={setReason} autoComplete="off" description="They read it." />
        <div className={styles.measure}>
          <Choice label="Mute for" value={minutes} options={MINUTES} onChange={setMinutes} />
          <Button onPress={() => command("mute", `#${number}`, minutes, why)}>Mute</Button>
          <Button onPress={() => command("unmute", `#${number}`)}>Unmute</Button>
        </div>
        <div className={styles.measure}>
          <Choice label="Ban for" value={days} options={DAYS} onChange={setDays} />
          <Button look="danger" onPress={() => command("ban", `#${number}`, days, why)}>
            Ban
          </Button>
        </div>
        {isHere && (
          <div className={ui.row}>
            <Button look="danger" onPress={() => command("kick", `#${number}`, why)}>
              Kick
            </Button>
          </div>
        )}
      </div>
    </Panel>
  );
}
