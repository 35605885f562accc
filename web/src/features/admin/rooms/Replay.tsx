import type { AdminApi } from "@mythgate/sdk";
import { useEffect, useId, useState } from "react";
import { pauseBefore } from "../../../stores/adminTalk.ts";
import { Button } from "../../../ui/Button.tsx";
import { Choice } from "../../../ui/Choice.tsx";
import { fullTime } from "../../when.ts";
import console from "../Console.module.css";
import { Nothing } from "../Shown.tsx";
import { Line } from "./Line.tsx";
import styles from "./Rooms.module.css";

const SPEEDS = [
  ["1", "as it was"],
  ["10", "ten times as fast"],
  ["60", "a minute a second"],
] as const;

/** How a room's talk went on, line by line; long pauses are cut short. */
export function Replay({ lines }: { readonly lines: readonly AdminApi.TalkLine[] }) {
  const id = useId();
  const [shown, setShown] = useState(lines.length);
  const [isPlaying, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<(typeof SPEEDS)[number][0]>("10");

  useEffect(() => {
    if (!isPlaying) return;
    if (shown >= lines.length) {
      setPlaying(false);
      return;
    }
    const timer = setTimeout(() => setShown(shown + 1), pauseBefore(lines, shown, Number(speed)));
    return () => clearTimeout(timer);
  }, [isPlaying, shown, lines, speed]);

  if (lines.length === 0) return <Nothing>Nothing is remembered that was said here.</Nothing>;
  const last = lines[shown - 1];
  return (
    <div className={console.stack}>
      <div className={console.bar}>
        <Button
          look="primary"
          onPress={() => {
            if (!isPlaying && shown >= lines.length) setShown(0);
            setPlaying(!isPlaying);
          }}
        >
          {isPlaying ? "Pause" : "Play"}
        </Button>
        <Choice label="Speed" value={speed} options={SPEEDS} onChange={setSpeed} />
        <span className={styles.slider}>
          <label htmlFor={id} className={console.dim}>
            {last ? `${shown} of ${lines.length}, ${fullTime(last.at)}` : `Before the first of ${lines.length}`}
          </label>
          <input
            id={id}
            type="range"
            min={0}
            max={lines.length}
            value={shown}
            aria-valuetext={last ? `${shown} of ${lines.length}, ${fullTime(last.at)}` : "before the first"}
            onChange={(event) => {
              setPlaying(false);
              setShown(Number(event.target.value));
            }}
          />
        </span>
      </div>
      <ol className={styles.talk} aria-label="What was said, up to then">
        {lines.slice(0, shown).map((line) => (
          <Line key={line.id} line={line} />
        ))}
      </ol>
    </div>
  );
}
