import { type FormEvent, Fragment, useEffect, useLayoutEffect, useRef, useState } from "react";
import { splitLinks } from "../../stores/links.ts";
import type { LobbyLine } from "../../stores/lobby.ts";
import { lobbyRead, sayInLobby, usePlay } from "../../stores/play.ts";
import { styledParts } from "../../stores/styles.ts";
import { Button } from "../../ui/Button.tsx";
import { clockTime, fullTime } from "../when.ts";
import styles from "./Lobby.module.css";
import { Swatch } from "./People.tsx";
import { Played } from "./Played.tsx";

export interface Addressee {
  readonly number: number;
  readonly name: string;
}

interface TalkProps {
  /** Whom the next lines are for; null for everybody. */
  readonly to: Addressee | null;
  readonly onTo: (to: Addressee | null) => void;
  readonly onPerson: (number: number) => void;
}

const MAX_LENGTH = 512;
const NEAR_END = 48;

/** What is said in the lobby, and a line to say something. */
export function Talk({ to, onTo, onPerson }: TalkProps) {
  const lines = usePlay((state) => state.lobby.lines);
  const inLobby = usePlay((state) => state.lobby.room !== null);
  const you = usePlay((state) => state.lobby.you);
  const log = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const latest = lines.at(-1)?.id ?? 0;

  useLayoutEffect(() => {
    const element = log.current;
    if (!element) return;
    const follow = () => {
      if (atEnd.current) element.scrollTop = element.scrollHeight;
    };
    const observer = new ResizeObserver(follow);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: runs for every new line
  useLayoutEffect(() => {
    const element = log.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
    lobbyRead();
  }, [latest]);

  return (
    <>
      <Played />
      <div
        ref={log}
        className={styles.log}
        role="log"
        aria-live="polite"
        aria-relevant="additions"
        aria-label="What is said in the lobby"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
        }}
      >
        {lines.length === 0 && <p className={styles.empty}>Choose a lobby to talk in.</p>}
        {lines.map((line) => (
          <Line key={line.id} line={line} you={you} onPerson={onPerson} onReply={inLobby ? onTo : null} />
        ))}
      </div>
      <SayLine to={to} onTo={onTo} isDisabled={!inLobby} />
    </>
  );
}

interface LineProps {
  readonly line: LobbyLine;
  readonly you: number;
  readonly onPerson: (number: number) => void;
  /** Null where one cannot talk. */
  readonly onReply: ((to: Addressee) => void) | null;
}

function Line({ line, you, onPerson, onReply }: LineProps) {
  const colour = usePlay((state) => state.lobby.players.find((one) => one.number === line.number)?.colour);
  const speaks = line.kind === "say" || line.kind === "action" || line.kind === "private";
  return (
    <p className={`${styles.line} ${line.past ? styles.past : ""}`} data-kind={line.kind}>
      <time className={styles.time} dateTime={line.at} title={fullTime(line.at)}>
        {clockTime(line.at)}
      </time>
      <span>
        {speaks && (
          <>
            {line.kind === "private" && <span className={styles.privacy}>{privacy(line, you)} </span>}
            <Button look="quiet" className={styles.speaker} onPress={() => onPerson(line.number)}>
              {colour && <Swatch colour={colour} />}
              {line.name}
            </Button>
            {line.kind === "action" ? " " : ": "}
          </>
        )}
        <Styled text={line.styled} />
        {line.kind === "private" && line.number !== you && onReply && (
          <Button
            look="quiet"
            className={styles.reply}
            aria-label={`Reply to ${line.name}`}
            onPress={() => onReply({ number: line.number, name: line.name })}
          >
            Reply
          </Button>
        )}
      </span>
    </p>
  );
}

const privacy = ({ number, target }: LobbyLine, you: number): string =>
  number === you && target ? `to ${target.name} alone,` : "to you alone,";

/** Words as the sender styled them; web addresses can be followed. */
function Styled({ text }: { readonly text: string }) {
  let at = 0;
  return styledParts(text).map((part) => {
    const key = at;
    at += part.text.length;
    const style = [part.bold && styles.bold, part.italic && styles.italic, part.underline && styles.underlined];
    return (
      <span key={key} className={style.filter(Boolean).join(" ") || undefined}>
        <Linked text={part.text} />
      </span>
    );
  });
}

function Linked({ text }: { readonly text: string }) {
  let at = 0;
  return splitLinks(text).map((part) => {
    const key = at;
    at += part.text.length;
    if (!part.href) return <Fragment key={key}>{part.text}</Fragment>;
    return (
      <a key={key} href={part.href} target="_blank" rel="noopener noreferrer nofollow ugc">
        {part.text}
      </a>
    );
  });
}

const STYLES = [
  { code: "|b", label: "Bold", sign: "B" },
  { code: "|i", label: "Italic", sign: "I" },
  { code: "|u", label: "Underlined", sign: "U" },
] as const;

interface SayLineProps extends Pick<TalkProps, "to" | "onTo"> {
  readonly isDisabled: boolean;
}

function SayLine({ to, onTo, isDisabled }: SayLineProps) {
  const [text, setText] = useState("");
  const isPlayed = usePlay((state) => state.lobby.play !== null);
  const input = useRef<HTMLInputElement>(null);

  // Whoever chose somebody to talk to wants to type.
  useEffect(() => {
    if (to) input.current?.focus();
  }, [to]);

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (sayInLobby(text, to?.number ?? null)) setText("");
  }

  /** Puts a style code around what is selected, or where the next letter goes. */
  function style(code: string) {
    const field = input.current;
    if (!field) return;
    const { selectionStart: start, selectionEnd: end } = field;
    const from = start ?? text.length;
    const until = end ?? from;
    const marked = from === until ? code : `${code}${text.slice(from, until)}|p`;
    setText(text.slice(0, from) + marked + text.slice(until));
    field.focus();
  }

  return (
    <form className={styles.say} aria-label="Say something" onSubmit={onSubmit}>
      {to && (
        <span className={styles.to}>
          to {to.name} alone
          <Button look="quiet" aria-label="Talk to everybody again" onPress={() => onTo(null)}>
            ✕
          </Button>
        </span>
      )}
      <input
        ref={input}
        className={styles.input}
        aria-label={to ? `Message to ${to.name}` : "Message to the lobby"}
        aria-describedby="say-help"
        value={text}
        maxLength={MAX_LENGTH}
        disabled={isDisabled}
        placeholder={
          isDisabled ? "Choose a lobby first" : isPlayed ? "play …, or say something" : "Say something, or /help"
        }
        autoComplete="off"
        enterKeyHint="send"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || event.nativeEvent.isComposing) return;
          if (text) setText("");
          else onTo(null);
        }}
      />
      <span id="say-help" hidden>
        A line that begins with a slash is a command. Escape empties the line.
      </span>
      <fieldset className={styles.codes} aria-label="Style">
        {STYLES.map(({ code, label, sign }) => (
          <Button
            key={code}
            look="quiet"
            className={styles.code}
            aria-label={label}
            isDisabled={isDisabled}
            onPress={() => style(code)}
          >
            {sign}
          </Button>
        ))}
      </fieldset>
      <Button type="submit" isDisabled={isDisabled}>
        Send
      </Button>
    </form>
  );
}
