import type { PeerState, VoiceSpeakerView } from "@mythgate/sdk";
import { usePlay } from "../../stores/play.ts";
import { joinVoice, leaveVoice, letBeHeard, muteVoice, setVolume, useVoice } from "../../stores/voice.ts";
import { Button } from "../../ui/Button.tsx";
import { Problem } from "../../ui/Problem.tsx";
import styles from "./Adventure.module.css";

const CONNECTION: Readonly<Record<PeerState, string>> = {
  connecting: "connecting…",
  connected: "",
  failed: "no way to them yet",
  apart: "not connected: one of you ignores the other",
};

const FULL = 100;

/** Voice chat with the party: who is there, who speaks, and how loud. */
export function Voice() {
  const voice = usePlay((state) => state.adventure.voice);
  const partySize = usePlay((state) => state.adventure.party?.max_members);
  const self = usePlay((state) => state.adventure.self);
  const isOnline = usePlay((state) => state.connection.state === "connected");
  const phase = useVoice((state) => state.phase);
  const listensOnly = useVoice((state) => state.listensOnly);
  const problem = useVoice((state) => state.problem);
  const isBlocked = useVoice((state) => state.isBlocked);
  const wantsMute = useVoice((state) => state.wantsMute);
  if (!voice) return null;
  const { speakers, maxSpeakers } = voice;
  // A channel may hold more than a party does.
  const most = Math.min(maxSpeakers, partySize ?? maxSpeakers);
  const isIn = phase === "in";
  const me = speakers.find((one) => one.id === self);
  const isMuted = wantsMute ?? me?.is_muted ?? false;
  return (
    <section className={styles.voice} aria-label="Voice">
      <p className={styles.none}>
        {speakers.length === 0 ? "Nobody talks by voice." : `${speakers.length} of ${most} talk by voice:`}
      </p>
      {speakers.length > 0 && (
        <ul className={styles.speakers} aria-label="In the voice channel">
          {speakers.map((one) => (
            <Speaker key={one.id} speaker={one} isSelf={one.id === self} isIn={isIn} />
          ))}
        </ul>
      )}
      {problem && <Problem message={problem.message} {...(problem.hint ? { hint: problem.hint } : {})} />}
      {isIn && listensOnly && <p className={styles.none}>You only listen.</p>}
      {isIn && me?.is_silenced && <p className={styles.none}>The staff has muted you: nobody hears you.</p>}
      <div className={styles.actions}>
        {isIn ? (
          <>
            {!listensOnly && <Button onPress={() => muteVoice(!isMuted)}>{isMuted ? "Unmute" : "Mute"}</Button>}
            {isBlocked && <Button onPress={() => void letBeHeard()}>Hear the others</Button>}
            <Button onPress={leaveVoice}>Leave voice</Button>
          </>
        ) : (
          <>
            <Button isDisabled={phase !== "off" || !isOnline} onPress={() => void joinVoice()}>
              Join voice
            </Button>
            {problem?.isAboutMicrophone && <Button onPress={() => void joinVoice(true)}>Only listen</Button>}
          </>
        )}
      </div>
      <p className={styles.none} role="status">
        {phase === "asking" && "The browser asks whether this page may use the microphone."}
        {phase === "joining" && "Joining…"}
      </p>
    </section>
  );
}

interface SpeakerProps {
  readonly speaker: VoiceSpeakerView;
  readonly isSelf: boolean;
  /** Whether the player is in the channel. */
  readonly isIn: boolean;
}

function Speaker({ speaker, isSelf, isIn }: SpeakerProps) {
  const { id, name, is_muted: isMuted, is_silenced: isSilenced } = speaker;
  const state = useVoice(({ peers }) => peers[id]);
  const speaks = useVoice(({ speaking }) => speaking.has(id)) && !isMuted && !isSilenced;
  const volume = useVoice(({ volumes }) => volumes[id] ?? 1);
  const notes = [
    isMuted && "muted",
    isSilenced && "muted by the staff",
    isIn && state && CONNECTION[state],
    speaks && "speaks",
  ].filter(Boolean);
  return (
    <li className={styles.speaker} data-speaks={speaks || undefined}>
      <span className={styles.speakerName}>
        <span className={styles.lamp} aria-hidden />
        {name}
        {isSelf && " (you)"}
        <span className={styles.mark}> {notes.join(", ")}</span>
      </span>
      {isIn && !isSelf && state !== "apart" && (
        <label className={styles.loudness}>
          <span className={styles.mark}>Volume</span>
          <input
            type="range"
            min={0}
            max={FULL}
            step={5}
            value={Math.round(volume * FULL)}
            aria-label={`Volume of ${name}`}
            aria-valuetext={`${Math.round(volume * FULL)} percent`}
            onChange={(event) => setVolume(id, event.currentTarget.valueAsNumber / FULL)}
          />
        </label>
      )}
    </li>
  );
}
