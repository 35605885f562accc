import type { ExitView, ItemView, NpcView, OccupantView } from "@mythgate/sdk";
import { useState } from "react";
import { withoutArticle } from "../../stores/completion.ts";
import { prepare } from "../../stores/input.ts";
import { send, usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { ActionMenu } from "../../ui/Menu.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { ReportDialog } from "../reports/ReportDialog.tsx";
import { COMPASS, UP_AND_DOWN, walk } from "./directions.ts";
import styles from "./Place.module.css";
import { STATUS_MARKS } from "./status.ts";

/** Where the player is: the place, the ways out, who and what is here. */
export function RoomPanel() {
  const room = usePlay((state) => state.game.room);
  const self = usePlay((state) => state.game.player?.id);
  // Kept here: whoever is reported may leave before the reason is written.
  const [reported, setReported] = useState<string | null>(null);
  if (!room) return <p className={styles.none}>You are nowhere yet.</p>;
  const others = room.players.filter((one) => one.id !== self);
  return (
    <div className={styles.stack}>
      <div className={styles.words}>
        <h2 className={styles.name}>{room.name}</h2>
        <p className={styles.description}>{room.description}</p>
      </div>
      <Panel title="Exits">
        <Exits ways={room.ways} />
      </Panel>
      <Panel title="Here" extra={<span data-testid="occupant-count">{room.players.length + room.npcs.length}</span>}>
        <ul className={styles.rows} aria-label="Who is here">
          {room.players
            .filter((one) => one.id === self)
            .map((one) => (
              <li key={one.id} className={`${styles.rowItem} ${styles.me}`}>
                {one.name} (you)
              </li>
            ))}
          {others.map((one) => (
            <Person key={one.id} person={one} onReport={() => setReported(one.name)} />
          ))}
          {room.npcs.map((one) => (
            <Inhabitant key={one.id} npc={one} />
          ))}
        </ul>
      </Panel>
      {(room.creatures ?? []).length > 0 && (
        <Panel title="Creatures">
          <ul className={styles.rows}>
            {(room.creatures ?? []).map(({ key, name, level }) => (
              <li key={key} className={styles.rowItem}>
                <span className={styles.rowName}>
                  {name} <span className={styles.status}>level {level}</span>
                </span>
                <Act verb="attack" name={name} />
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {(room.items.length > 0 || room.fixtures.length > 0) && (
        <Panel title="Things">
          <ul className={styles.rows}>
            {room.items.map((item) => (
              <LyingItem key={item.id} item={item} />
            ))}
            {room.fixtures.map((fixture) => (
              <li key={fixture.id} className={styles.rowItem}>
                <span className={styles.rowName}>{fixture.name}</span>
                <Act verb="look" name={fixture.name} />
                {fixture.readable && <Act verb="read" name={fixture.name} />}
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {reported !== null && <ReportDialog name={reported} onClose={() => setReported(null)} />}
    </div>
  );
}

/** A button for one command about one thing. */
function Act({ verb, name }: { readonly verb: string; readonly name: string }) {
  return (
    <Button look="quiet" aria-label={`${verb} ${name}`} onPress={() => send(`${verb} ${withoutArticle(name)}`)}>
      {verb}
    </Button>
  );
}

/** The list is for everybody; the compass is a shortcut for the pointer and says nothing the list does not. */
function Exits({ ways }: { readonly ways: readonly ExitView[] }) {
  if (ways.length === 0) return <p className={styles.none}>No way out that you can see.</p>;
  const byDirection = new Map(ways.map((way) => [way.direction, way]));
  const vertical = UP_AND_DOWN.filter((point) => byDirection.has(point.direction));
  return (
    <div className={styles.exits}>
      <div className={styles.compass} aria-hidden>
        {COMPASS.map((point) =>
          point === null ? (
            <span key="here" className={styles.point}>
              ◈
            </span>
          ) : (
            <Point key={point.direction} {...point} way={byDirection.get(point.direction)} />
          ),
        )}
        {vertical.map((point) => (
          <Point key={point.direction} {...point} way={byDirection.get(point.direction)} />
        ))}
      </div>
      <ul className={styles.ways} aria-label="Exits">
        {ways.map((way) => (
          <li key={way.direction}>
            <Button className={styles.way} look="quiet" onPress={() => send(walk(way.direction))}>
              <span>
                {way.direction}
                {way.name && <span className={styles.where}> {way.name}</span>}
                {way.locked && <span className={styles.where}> (locked)</span>}
              </span>
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface PointProps {
  readonly direction: string;
  readonly short: string;
  readonly way: ExitView | undefined;
}

function Point({ direction, short, way }: PointProps) {
  if (!way) return <span className={styles.point}>·</span>;
  return (
    <button
      type="button"
      tabIndex={-1}
      className={styles.point}
      data-open
      data-locked={way.locked || undefined}
      title={way.name ? `${direction}: ${way.name}` : direction}
      onClick={() => send(walk(direction))}
    >
      {short}
    </button>
  );
}

function Person({ person, onReport }: { readonly person: OccupantView; readonly onReport: () => void }) {
  const { name, status = "online", afk_text: afkText, level = 1, faction } = person;
  const following = usePlay((state) => state.game.following === name);
  const inParty = usePlay((state) => state.adventure.party?.members.some((one) => one.id === person.id) ?? false);
  const { mark, word, explanation } = STATUS_MARKS[status];
  return (
    <li className={styles.rowItem}>
      <ActionMenu
        label={name}
        trigger={
          <Button look="quiet" className={styles.person} aria-label={word ? `${name}, ${word}` : name}>
            {name} <span aria-hidden>▾</span>
          </Button>
        }
        actions={[
          { label: "Whisper…", run: () => prepare(`whisper ${name} `) },
          { label: "Look", run: () => send(`look ${name}`) },
          following
            ? { label: "Stop following", run: () => send("unfollow") }
            : { label: "Follow", run: () => send(`follow ${name}`) },
          { label: "Give…", run: () => prepare("give ") },
          ...(inParty ? [] : [{ label: "Invite to your party", run: () => send(`party invite ${name}`) }]),
          { label: "Trade", run: () => send(`trade with ${name}`) },
          { label: "Challenge to a duel", run: () => send(`duel ${name}`) },
          { label: "Help in a fight", run: () => send(`assist ${name}`) },
          { label: "Ignore", run: () => send(`ignore ${name}`) },
          { label: "Report…", run: onReport },
        ]}
      />
      {word && (
        <span className={styles.status} data-status={status} title={explanation}>
          <span aria-hidden>{mark} </span>
          {word}
        </span>
      )}
      <span className={styles.summary}>
        level {level}
        {faction && `, ${faction}`}
      </span>
      {word && afkText && <span className={styles.summary}>{afkText}</span>}
    </li>
  );
}

function Inhabitant({ npc }: { readonly npc: NpcView }) {
  return (
    <li className={styles.rowItem}>
      <span className={styles.rowName}>{npc.name}</span>
      <Act verb="look" name={npc.name} />
      <Act verb="talk" name={npc.name} />
    </li>
  );
}

function LyingItem({ item }: { readonly item: ItemView }) {
  const { name, count = 1 } = item;
  return (
    <li className={styles.rowItem}>
      <span className={styles.rowName}>
        {name}
        {count > 1 && ` ×${count}`}
      </span>
      <Act verb="look" name={name} />
      <Button look="quiet" aria-label={`take ${name}`} onPress={() => send(`get ${withoutArticle(name)}`)}>
        take
      </Button>
    </li>
  );
}
