import type { LobbyPlayerView, PlayerPage, Standing } from "@mythgate/sdk";
import { type ReactNode, useState } from "react";
import { categoryName } from "../../stores/contests.ts";
import { casteName } from "../../stores/lobby.ts";
import { findInLobbies, readPlayer, setFriends } from "../../stores/lobbyVisits.ts";
import { session, useLogin } from "../../stores/login.ts";
import { sayInLobby, usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import { ReportDialog } from "../reports/ReportDialog.tsx";
import { useSubmit } from "../useSubmit.ts";
import { fromNow } from "../when.ts";
import styles from "./Lobby.module.css";
import { Measures } from "./Measures.tsx";
import { Swatch } from "./People.tsx";
import { Results } from "./Results.tsx";
import type { Addressee } from "./Talk.tsx";
import { useRead } from "./useRead.ts";

interface PlayerCardProps {
  /** Whose card is open; null for none. */
  readonly number: number | null;
  readonly onClose: () => void;
  readonly onPerson: (number: number) => void;
  /** Null where one cannot talk. */
  readonly onTalk: ((to: Addressee) => void) | null;
}

/** Numbers from here on are those of guests of the old clients, who have no account. */
const FIRST_GUEST = 0x3fffffff;

/** Everything about one player, and what one can do about them. */
export function PlayerCard({ number, onClose, onPerson, onTalk }: PlayerCardProps) {
  return number === null ? null : (
    <Card key={number} number={number} onClose={onClose} onPerson={onPerson} onTalk={onTalk} />
  );
}

function Card({ number, onClose, onPerson, onTalk }: PlayerCardProps & { readonly number: number }) {
  const present = usePlay((state) => state.lobby.players.find((one) => one.number === number));
  const hasAccount = number < FIRST_GUEST;
  const { value, problem } = useRead<PlayerPage | null>(async () => (hasAccount ? readPlayer(number) : null), null);
  const { value: elsewhere } = useRead(
    async () => (present ? null : findInLobbies(number)),
    null,
    present === undefined,
  );
  const there = present ?? elsewhere?.player;
  const name = there?.name ?? (value?.profile.shown_name || value?.name);
  return (
    <Dialog title={name ?? "Player"} isOpen onClose={onClose}>
      {problem && <Problem {...problem} />}
      <Facts present={there} page={value} room={elsewhere?.room ?? ""} />
      {value?.profile.quote && <blockquote className={styles.quote}>{value.profile.quote}</blockquote>}
      <Acts
        number={number}
        name={name ?? ""}
        known={value?.name ?? ""}
        present={there}
        onTalk={onTalk}
        onClose={onClose}
      >
        {value && (
          <Panel title="This season">
            <Statistics standings={value.standings} />
            <LastGames name={value.name} onPerson={onPerson} />
          </Panel>
        )}
      </Acts>
      <div className={ui.row}>
        <Button onPress={onClose}>Close</Button>
      </div>
    </Dialog>
  );
}

interface FactsProps {
  readonly present: LobbyPlayerView | undefined;
  readonly page: PlayerPage | null;
  /** Another lobby they are in; empty for the one the reader is in, or none. */
  readonly room: string;
}

function Facts({ present, page, room }: FactsProps) {
  const rows = [...(present ? presentRows(present) : []), ...(page ? accountRows(page) : filled([["In", room]]))];
  const colours = page ? [page.profile.primary_color, page.profile.secondary_color] : [present?.colour];
  return (
    <dl className={styles.cardFacts}>
      <div>
        <dt>{colours.length > 1 ? "Colours" : "Colour"}</dt>
        <dd className={styles.colours}>
          {colours.map((colour, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the first and the second colour, which may be the same
            <span key={index}>
              <Swatch colour={colour} /> {colour}
            </span>
          ))}
        </dd>
      </div>
      {rows.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

type Row = readonly [string, string];

const filled = (rows: readonly Row[]): Row[] => rows.filter(([, text]) => text !== "");

const presentRows = ({ client, team, is_guest, in_game, away, afk_text }: LobbyPlayerView): Row[] =>
  filled([
    ["Is here with", client ?? ""],
    ["Team", team ?? ""],
    ["Account", is_guest ? "none: a guest" : ""],
    ["Now", in_game ? "playing" : away ? `away${afk_text ? `: ${afk_text}` : ""}` : ""],
  ]);

function accountRows({ name, role, caste, clan, member_since, profile, online }: PlayerPage): Row[] {
  const { city, state, country, icon } = profile;
  return filled([
    ["Name", name],
    ["Role", role === "player" ? "" : role],
    ["Caste", casteName(caste)],
    ["Clan", clan?.name ?? ""],
    ["From", [city, state, country].filter(Boolean).join(", ")],
    ["Icon", icon > 0 ? `number ${icon}` : ""],
    ["Came first", fromNow(member_since)],
    ["In", online ? `${online.room_name}${online.client ? `, with ${online.client}` : ""}` : "no lobby"],
  ]);
}

function Statistics({ standings }: { readonly standings: PlayerPage["standings"] }) {
  const rows = Object.entries(standings).sort(([one], [other]) => order(one) - order(other));
  if (rows.length === 0) return <p className={styles.dim}>No results in this season.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={styles.tableFrame} aria-label="Statistics of this season" tabIndex={0}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Games</th>
            <th scope="col">Place</th>
            <th scope="col">Points</th>
            <th scope="col">Won</th>
            <th scope="col" className={styles.lesser}>
              Damage
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([category, standing]) => (
            <StandingRow key={category} category={category} standing={standing} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

const order = (category: string): number =>
  category === "ranked" ? 0 : category === "unranked" ? 1 : 2 + Number(category.split(":")[1]);

function StandingRow({ category, standing }: { readonly category: string; readonly standing: Standing }) {
  return (
    <tr>
      <th scope="row">{categoryName(category)}</th>
      <td>{standing.place}</td>
      <td>{standing.points}</td>
      <td>{`${standing.wins} of ${standing.games}`}</td>
      <td className={styles.lesser}>{`${standing.damage_given} / ${standing.damage_taken}`}</td>
    </tr>
  );
}

function LastGames({ name, onPerson }: { readonly name: string; readonly onPerson: (number: number) => void }) {
  const [open, setOpen] = useState(false);
  return (
    <div className={styles.after}>
      <Button look="quiet" className={styles.disclosure} aria-expanded={open} onPress={() => setOpen(!open)}>
        Last games
      </Button>
      {open && <Results player={name} onPerson={onPerson} />}
    </div>
  );
}

interface ActsProps {
  readonly number: number;
  readonly name: string;
  /** Of the account, which no two share; empty without one. */
  readonly known: string;
  /** As somebody in a lobby, this one or another; a private line finds them there. */
  readonly present: LobbyPlayerView | undefined;
  readonly onTalk: ((to: Addressee) => void) | null;
  readonly onClose: () => void;
  /** Stands between what everybody may do and what the staff may. */
  readonly children: ReactNode;
}

function Acts({ number, name, known, present, onTalk, onClose, children }: ActsProps) {
  const you = usePlay((state) => state.lobby.you);
  const inLobby = usePlay((state) => state.lobby.room !== null);
  const friend = usePlay((state) => state.lobby.friends.find((one) => one.number === number));
  const login = useLogin((state) => state.login);
  const [acted, setActed] = useState(0);
  const [reports, setReports] = useState(false);
  const isOther = login !== null && number !== you && name !== login.username;
  const { value: ignored } = useRead(async () => (isOther ? session.ignored() : []), null, acted);
  const { submit, problems } = useSubmit([]);
  const mayList = isOther && !login.isGuest && number < FIRST_GUEST && present?.is_guest !== true;
  const isIgnored = ignored?.some((one) => one.number === number) ?? false;

  /** A command of the lobby about this player. */
  function command(line: string) {
    sayInLobby(line, null);
    onClose();
  }

  return (
    <>
      {problems.form && <Problem {...problems.form} />}
      <div className={ui.row}>
        {isOther && present && inLobby && onTalk && (
          <Button look="primary" onPress={() => onTalk({ number, name })}>
            Private message
          </Button>
        )}
        {mayList && (
          <Button
            onPress={() =>
              void submit(async () =>
                setFriends(await (friend ? session.removeFriend(number) : session.addFriend(number))),
              )
            }
          >
            {friend ? "Remove from friends" : "Add to friends"}
          </Button>
        )}
        {isOther && inLobby && (isIgnored || present) && (
          <Button
            onPress={() => {
              command(`/${isIgnored ? "unignore" : "ignore"} #${number}`);
              setActed((before) => before + 1);
            }}
          >
            {isIgnored ? "Listen again" : "Ignore"}
          </Button>
        )}
        {isOther && name && <Button onPress={() => setReports(true)}>Report…</Button>}
      </div>
      {reports && <ReportDialog name={known || name} called={name} onClose={() => setReports(false)} />}
      {children}
      {isOther && inLobby && <Measures number={number} isHere={present !== undefined} onCommand={command} />}
    </>
  );
}
