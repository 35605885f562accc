import { Fragment, memo, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { useShallow } from "zustand/react/shallow";
import {
  countNews,
  type LineKind,
  type LogLine,
  linesOf,
  phrasesOf,
  speakerLength,
  TAB_LABELS,
  type Tab as TabName,
} from "../../stores/lines.ts";
import { splitLinks } from "../../stores/links.ts";
import { showTab, tabsOf, usePlay } from "../../stores/play.ts";
import { useSettings } from "../../stores/settings.ts";
import { Button } from "../../ui/Button.tsx";
import ui from "../../ui/ui.module.css";
import { clockTime, fullTime } from "../when.ts";
import styles from "./Log.module.css";

/** The log with its tabs. */
export function Log() {
  const tabs = usePlay(useShallow(tabsOf));
  const chosen = usePlay((state) => state.tab);
  const tab = tabs.includes(chosen) ? chosen : "all";
  return (
    <Tabs className={styles.tabs ?? ""} selectedKey={tab} onSelectionChange={(key) => showTab(key as TabName)}>
      <TabList className={`${styles.tabList} ${ui.scrollsSideways}`} aria-label="Which lines to show">
        {tabs.map((name) => (
          <Tab key={name} id={name} className={styles.tab ?? ""}>
            {TAB_LABELS[name]}
            <NewsCount tab={name} />
          </Tab>
        ))}
      </TabList>
      {/* A new element for each tab: its old lines are no news for a screen reader. */}
      <TabPanel key={tab} id={tab} className={styles.panel ?? ""}>
        <Lines tab={tab} />
      </TabPanel>
    </Tabs>
  );
}

function NewsCount({ tab }: { readonly tab: TabName }) {
  const count = usePlay((state) => countNews(state.game.log, tab, state.seen[tab]));
  if (count === 0) return null;
  return (
    <span className={styles.count} role="img" aria-label={`${count} new`}>
      {count}
    </span>
  );
}

/** What to type where nothing tells it otherwise. */
const HOW_TO_SPEAK: Partial<Readonly<Record<TabName, string>>> = {
  party: " “p hello” speaks to your party, wherever they are.",
  faction: " “fchat hello” speaks to all of your faction who are in the world.",
};

/** How close to its end, in pixels, a log still counts as read to the end. */
const NEAR_END = 48;

function Lines({ tab }: { readonly tab: TabName }) {
  const log = usePlay((state) => state.game.log);
  const connected = usePlay((state) => state.connection.state === "connected");
  const pending = usePlay((state) => state.pending);
  const timestamps = useSettings((state) => state.timestamps);
  const earlier = usePlay((state) => state.earlier[tab]);
  const lines = useMemo(() => linesOf(log, tab, earlier), [log, tab, earlier]);
  const waiting = useMemo(() => new Set(connected ? [] : pending.map((one) => one.messageId)), [connected, pending]);

  const element = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const latest = lines.at(-1)?.id ?? 0;
  /** The last line on the screen when the player scrolled up; null while following the end. */
  const [readUpTo, setReadUpTo] = useState<number | null>(null);

  // Also after a change of size, e.g. when a keyboard slides in.
  useLayoutEffect(() => {
    const log = element.current;
    if (!log) return;
    const follow = () => {
      if (atEnd.current) log.scrollTop = log.scrollHeight;
    };
    const observer = new ResizeObserver(follow);
    observer.observe(log);
    return () => observer.disconnect();
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: runs for every new line
  useLayoutEffect(() => {
    const log = element.current;
    if (log && (atEnd.current || lines.at(-1)?.kind === "echo")) log.scrollTop = log.scrollHeight;
  }, [latest]);

  function scrolled() {
    const log = element.current;
    if (!log) return;
    atEnd.current = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
    setReadUpTo((before) => (atEnd.current ? null : (before ?? latest)));
  }

  const unread = readUpTo === null ? 0 : lines.filter((line) => line.id > readUpTo).length;
  return (
    <>
      <div
        ref={element}
        className={`${styles.log} ${timestamps ? styles.withTimes : ""}`}
        role="log"
        aria-live="polite"
        aria-relevant="additions"
        aria-label={tab === "all" ? "What happens" : `What happens: ${TAB_LABELS[tab]}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        onScroll={scrolled}
      >
        {lines.length === 0 && <p className={styles.empty}>Nothing here yet.{HOW_TO_SPEAK[tab]}</p>}
        {lines.map((line, index) => (
          <Fragment key={line.id}>
            {line.past && !lines[index - 1]?.past && <p className={styles.earlier}>earlier</p>}
            <Line
              line={line}
              timestamps={timestamps}
              waiting={line.waitingFor !== undefined && waiting.has(line.waitingFor)}
            />
          </Fragment>
        ))}
      </div>
      {unread > 0 && (
        <Button
          className={styles.newer}
          look="primary"
          onPress={() => {
            atEnd.current = true;
            setReadUpTo(null);
            element.current?.scrollTo({ top: element.current.scrollHeight });
            element.current?.focus({ preventScroll: true });
          }}
        >
          {unread} new {unread === 1 ? "line" : "lines"} ↓
        </Button>
      )}
    </>
  );
}

/** The sign at the start of a line: what kind it is, also without colour. */
const SIGNS: Readonly<Record<Exclude<LineKind, "chat">, string>> = {
  place: "◈",
  presence: "→",
  action: "·",
  echo: ">",
  answer: "",
  refusal: "✕",
  system: "§",
  notice: "※",
};

const CHANNEL_SIGNS: Readonly<Record<string, string>> = {
  say: "“",
  emote: "*",
  whisper: "~",
  tell: "~",
  shout: "!",
  global: "#",
  party: "&",
  faction: "^",
  system: "§",
};

interface LineProps {
  readonly line: LogLine;
  readonly timestamps: boolean;
  readonly waiting: boolean;
}

const Line = memo(function Line({ line, timestamps, waiting }: LineProps) {
  const sign = line.kind === "chat" ? (CHANNEL_SIGNS[line.channel ?? ""] ?? "“") : SIGNS[line.kind];
  return (
    <div
      className={`${styles.line} ${styles[line.kind]} ${line.past ? styles.past : ""}`}
      data-kind={line.kind}
      data-channel={line.channel}
      // What the player typed needs not be read back to them.
      aria-live={line.kind === "echo" ? "off" : undefined}
    >
      <time
        className={`${styles.time} ${timestamps ? "" : styles.floating}`}
        dateTime={line.at}
        title={fullTime(line.at)}
        aria-hidden
      >
        {clockTime(line.at)}
      </time>
      <span className={styles.sign} aria-hidden>
        {sign}
      </span>
      <span className={styles.body}>
        {line.lead && <span className={styles.lead}>{line.lead}</span>}
        {line.title && <span className={styles.title}>{line.title}</span>}
        {line.about && <span className={styles.about}>{line.about}</span>}
        <Words line={line} />
        {waiting && <span className={styles.waiting}> (waits for the connection)</span>}
        {line.hint && (
          <span className={styles.hint}>
            <Commands text={line.hint} />
          </span>
        )}
      </span>
    </div>
  );
});

/** The text, with the speaker's name brought out where it begins with one. */
function Words({ line }: { readonly line: LogLine }) {
  const length = speakerLength(line);
  if (line.kind !== "chat") return line.kind === "echo" ? line.text : <Commands text={line.text} />;
  return (
    <>
      {length > 0 && <span className={styles.speaker}>{line.text.slice(0, length)}</span>}
      <Linked text={line.text.slice(length)} />
    </>
  );
}

/** The server's words, with the commands among them brought out. */
function Commands({ text }: { readonly text: string }) {
  let at = 0;
  return phrasesOf(text).map((phrase) => {
    const key = at;
    at += phrase.text.length;
    return phrase.isCommand ? (
      <code key={key} className={styles.command}>
        {phrase.text}
      </code>
    ) : (
      <Fragment key={key}>{phrase.text}</Fragment>
    );
  });
}

/** People's words, whose web addresses one can follow; the page they lead to learns nothing of this one. */
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
