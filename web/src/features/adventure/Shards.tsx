import type { CrystalShard, WorldState } from "@mythgate/sdk";
import { useState } from "react";
import { FACTIONS } from "../../stores/beginning.ts";
import { session } from "../../stores/login.ts";
import { send, usePlay } from "../../stores/play.ts";
import { Bar } from "../../ui/Bar.tsx";
import { Button } from "../../ui/Button.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import { useRead } from "../lobby/useRead.ts";
import { fromNow, fullTime } from "../when.ts";
import styles from "./Adventure.module.css";

const PAGE = 20;
const MOST_EVENTS = 200;
/** Stability changes by itself, and nobody tells. */
const REFRESH_MS = 30_000;

const readWorld = async () => {
  const [state, shards] = await Promise.all([session.worldState(), session.shards()]);
  return { state, shards };
};

/** The twelve Crystal Shards, who holds them, the reality that follows, and what happened to the world. */
export function Shards() {
  const changes = usePlay((state) => state.adventure.worldChanges);
  const roomId = usePlay((state) => state.game.room?.id);
  const { value, problem } = useRead(readWorld, REFRESH_MS, changes);
  if (!value) return problem ? <Problem {...problem} /> : <p className={styles.none}>One moment…</p>;
  return (
    <>
      {problem && <Problem {...problem} />}
      <div className={styles.columns}>
        <Reality state={value.state} />
        <Factions state={value.state} />
      </div>
      <Panel title="Crystal Shards">
        <ul className={styles.shards} aria-label="Crystal Shards">
          {value.shards.map((shard) => (
            <Shard key={shard.id} shard={shard} isHere={shard.room_id !== null && shard.room_id === roomId} />
          ))}
        </ul>
      </Panel>
      <Chronicle changes={changes} />
    </>
  );
}

function Reality({ state }: { readonly state: WorldState }) {
  return (
    <Panel title="Reality" extra={`cycle ${state.cycle}`}>
      <p className={styles.cardTitle}>{state.current_reality}</p>
      <Bar label="Stability" look="progress" value={Math.round(state.reality_stability)} max={100} />
      <p className={styles.about}>The world is {state.condition}.</p>
      {state.imminent && <p role="alert">The Aetherfall is near.</p>}
      {state.transformations.length > 0 && (
        <>
          <p className={styles.about}>The last Aetherfall left:</p>
          <ul>
            {state.transformations.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

function Factions({ state }: { readonly state: WorldState }) {
  const mine = usePlay((play) => play.game.player?.faction);
  const held = (faction: string): number => state.faction_shard_counts[faction] ?? 0;
  const factions = [...FACTIONS].sort((one, other) => held(other) - held(one));
  return (
    <Panel title="Factions">
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Faction</th>
            <th scope="col">Shards</th>
          </tr>
        </thead>
        <tbody>
          {factions.map((faction) => (
            <tr key={faction}>
              <td>
                {faction}
                {faction === mine && <span className={styles.about}> (yours)</span>}
                {faction === state.dominant_faction && <span className={styles.about}> ★ leads</span>}
              </td>
              <td>{held(faction)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function Shard({ shard, isHere }: { readonly shard: CrystalShard; readonly isHere: boolean }) {
  const [open, setOpen] = useState(false);
  const { name, place, status, owning_faction: faction, captured_by: holder, sealed_until: sealed } = shard;
  return (
    <li className={styles.shard} data-here={isHere || undefined}>
      <h3>{name}</h3>
      <p className={styles.about}>
        {place || "nowhere in this world"}
        {isHere && " (you are here)"}
      </p>
      <p>
        {status}
        {faction && ` by the ${faction}`}
        {holder && <span className={styles.about}>, taken by {holder}</span>}
        {status === "sealed" && sealed && <span className={styles.about}> until {fullTime(sealed)}</span>}
      </p>
      <p className={styles.about}>
        {shard.guardian_name}
        {shard.guardian_defeated ? " was brought down" : " guards it"}
      </p>
      <div className={styles.actions}>
        {isHere && shard.status === "contested" && <Button onPress={() => send("capture")}>Take it</Button>}
        <Button
          look="quiet"
          aria-expanded={open}
          aria-label={`${name}: who held it`}
          onPress={() => setOpen((before) => !before)}
        >
          who held it
        </Button>
      </div>
      {open && <Owners shard={shard} />}
    </li>
  );
}

function Owners({ shard }: { readonly shard: CrystalShard }) {
  const { value, problem } = useRead(() => session.shardOwners(shard.id), null, shard.captured_at);
  return (
    <>
      <p>{shard.description}</p>
      {problem && <Problem {...problem} />}
      {value?.length === 0 && <p className={styles.none}>Nobody ever held it.</p>}
      <ol className={`${styles.plain} ${styles.about}`}>
        {value?.map((one) => (
          <li key={one.captured_at} title={fullTime(one.captured_at)}>
            {one.character_name}, {one.faction}, {fromNow(one.captured_at)}
            {one.helpers.length > 0 && `, with ${one.helpers.join(", ")}`}
          </li>
        ))}
      </ol>
    </>
  );
}

function Chronicle({ changes }: { readonly changes: number }) {
  const [limit, setLimit] = useState(PAGE);
  const { value, problem } = useRead(() => session.worldEvents(limit), null, `${changes} ${limit}`);
  return (
    <Panel title="Chronicle">
      {problem && <Problem {...problem} />}
      {value?.events.length === 0 && <p className={styles.none}>Nothing has happened to the world yet.</p>}
      <ol className={styles.list} aria-label="What happened to the world">
        {value?.events.map((one) => (
          <li key={one.id}>
            {one.title} <span className={styles.about}>{fromNow(one.timestamp)}</span>
            <p className={styles.about}>{one.description}</p>
          </li>
        ))}
      </ol>
      {value?.next_before != null && limit < MOST_EVENTS && (
        <Button className={styles.earlier} onPress={() => setLimit(Math.min(MOST_EVENTS, limit + PAGE))}>
          Earlier
        </Button>
      )}
    </Panel>
  );
}
