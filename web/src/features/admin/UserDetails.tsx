import type { UserCard } from "@mythgate/sdk";
import { useCallback, useEffect, useRef, useState } from "react";
import { actDetail, actName, readUser, roleName } from "../../stores/administration.ts";
import { useMe } from "../../stores/adminMe.ts";
import { casteName } from "../../stores/lobby.ts";
import { explain } from "../../stores/login.ts";
import { doorName } from "../../stores/status.ts";
import { Button } from "../../ui/Button.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import { fromNow, fullTime } from "../when.ts";
import { Access } from "./Access.tsx";
import styles from "./Admin.module.css";
import { Marks } from "./Marks.tsx";
import { Measures } from "./Measures.tsx";
import { MeasureList } from "./moderation/MeasureList.tsx";
import { Alternates } from "./people/Alternates.tsx";
import { Notes } from "./people/Notes.tsx";
import { PersonActs } from "./people/PersonActs.tsx";
import { SubNav } from "./SubNav.tsx";

interface UserDetailsProps {
  readonly id: string;
  /** Which page about them; empty for what is known of them. */
  readonly view: string;
  readonly onBack: () => void;
}

/** Everything staff may know of one account, and what they may do about it. */
export function UserDetails({ id, view, onBack }: UserDetailsProps) {
  const back = useRef<HTMLButtonElement>(null);
  const [card, setCard] = useState<UserCard | null>(null);
  const may = useMe(({ permissions }) => permissions) ?? new Set<string>();
  /** How often the account was asked for: what stands beside it is asked for again, too. */
  const [acted, setActed] = useState(0);
  const [problem, setProblem] = useState<{ message: string; hint: string } | null>(null);

  const reload = useCallback(async () => {
    try {
      setCard(await readUser(id));
      setActed((before) => before + 1);
      setProblem(null);
    } catch (error) {
      setProblem(explain(error));
    }
  }, [id]);
  useEffect(() => void reload(), [reload]);
  // Where this takes the place of the list, the focus must not stay in what cannot be seen any more.
  useEffect(() => {
    if (back.current?.offsetParent) back.current.focus();
  }, []);

  return (
    <section className={styles.details} aria-label={card?.name ?? "User"}>
      <div className={styles.detailsHead}>
        <Button ref={back} className={styles.back} onPress={onBack}>
          ‹ All users
        </Button>
        <h2 className={styles.detailsName}>{card?.name ?? "…"}</h2>
        {card && <Marks user={card} />}
        <Button look="quiet" onPress={() => void reload()}>
          refresh
        </Button>
      </div>
      {problem && <Problem {...problem} />}
      {card && (
        <>
          {card.lock && <p className={styles.lock}>{lockText(card.lock)}</p>}
          {card.mute && (
            <p className={styles.lock}>
              Muted {card.mute.until ? `until ${fullTime(card.mute.until)}` : "until it is lifted"}
              {card.mute.reason && `: ${card.mute.reason}`}.
            </p>
          )}
          <Measures card={card} onChanged={setCard} onStale={() => void reload()} />
          <PersonActs card={card} onStale={() => void reload()} />
          <SubNav
            label={`About ${card.name}`}
            pages={[
              [`users/${id}`, "Known"],
              [`users/${id}/notes`, "Notes"],
              ...(may.has("see_addresses") ? [[`users/${id}/others`, "Other accounts"] as const] : []),
              ...(may.has("see_reports") ? [[`users/${id}/measures`, "Measures"] as const] : []),
              [`users/${id}/access`, "Why in or out"],
            ]}
            chosen={view ? `users/${id}/${view}` : `users/${id}`}
          />
          {view === "access" ? (
            <Access name={card.name} />
          ) : view === "notes" ? (
            <Notes id={id} name={card.name} />
          ) : view === "others" ? (
            <Alternates id={id} />
          ) : view === "measures" ? (
            <MeasureList
              key={acted}
              active={false}
              account={id}
              nothing={`Nothing was ever done about ${card.name}.`}
            />
          ) : (
            <>
              <Facts title="Account" rows={accountRows(card)} />
              <Facts title="Comings and goings" rows={comingRows(card)} />
              <Sessions sessions={card.sessions} />
              <Games card={card} />
              {card.record && <Record record={card.record} />}
            </>
          )}
        </>
      )}
    </section>
  );
}

function lockText({ at, by, reason, until }: NonNullable<UserCard["lock"]>): string {
  const since = at ? ` since ${fullTime(at)}` : "";
  const whom = by ? ` by ${by}` : "";
  const end = until ? `until ${fullTime(until)}` : "until somebody unlocks it";
  return `Locked${since}${whom}, ${end}.${reason ? ` Reason: ${reason}` : ""}`;
}

// --- facts ------------------------------------------------------------------------------------------

type Row = readonly [name: string, text: string];

function Facts({ title, rows }: { readonly title: string; readonly rows: readonly Row[] }) {
  return (
    <Panel title={title}>
      <dl className={styles.facts}>
        {rows
          .filter(([, text]) => text !== "")
          .map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
      </dl>
    </Panel>
  );
}

const times = (count: number): string => (count === 1 ? "once" : `${count} times`);

const accountRows = (card: UserCard): Row[] => [
  ["Number", String(card.number)],
  ["Role", roleName(card.role)],
  ["Caste", casteName(card.caste)],
  ["Clan", card.clan ? `${card.clan.name}, ${card.clan.rank}, joined ${fromNow(card.clan.joined_at)}` : "none"],
  ["Email", card.email ?? ""],
  ["Game password", card.guest ? "" : card.has_game_password ? "has one" : "none"],
  ["Characters", card.characters.map(({ name }) => name).join(", ") || "none"],
];

const comingRows = (card: UserCard): Row[] => [
  [
    "Now",
    card.online.map((one) => `${one.room_name || "the world"}${one.client && ` (${one.client})`}`).join(", ") ||
      "not on",
  ],
  ["Account made", `${fromNow(card.created_at)}, ${fullTime(card.created_at)}`],
  ["Last seen", card.last_seen_at ? `${fromNow(card.last_seen_at)}, ${fullTime(card.last_seen_at)}` : "never"],
  [
    "Log-ins",
    Object.entries(card.logins)
      .map(([door, count]) => `${doorName(door)}: ${times(count)}`)
      .join(", ") || "none counted",
  ],
];

function Sessions({ sessions }: Pick<UserCard, "sessions">) {
  return (
    <Panel title="Signed in" extra={sessions.length}>
      {sessions.length === 0 && <p className={styles.dim}>Nowhere.</p>}
      <ul className={styles.entries}>
        {sessions.map((one) => (
          <li key={`${one.created_at} ${one.client}`}>
            <span>
              {doorName(one.door)}
              {one.address && ` from ${one.address}`}, last seen {fromNow(one.last_seen_at)}
            </span>
            <span className={styles.dim}>{one.client}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

// --- games ------------------------------------------------------------------------------------------

const KINDS: Readonly<Record<string, string>> = {
  ranked: "Ranked",
  unranked: "Unranked",
  tournament: "Tournament",
};

function Games({ card }: { readonly card: UserCard }) {
  const total = Object.values(card.played).reduce((sum, count) => sum + count, 0);
  // Those of a single game type are part of the ranked ones.
  const standings = Object.entries(card.standings).filter(([category]) => !category.includes(":"));
  return (
    <Panel title="Games with a result" extra={total}>
      {total === 0 && <p className={styles.dim}>None.</p>}
      {total > 0 && (
        <p className={styles.dim}>
          {Object.entries(card.played)
            .map(([kind, count]) => `${KINDS[kind] ?? kind}: ${count}`)
            .join(", ")}
        </p>
      )}
      {standings.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className={styles.tableFrame} aria-label="Standings of this season" tabIndex={0}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">This season</th>
                <th scope="col">Place</th>
                <th scope="col">Points</th>
                <th scope="col">Caste</th>
                <th scope="col">Best</th>
                <th scope="col">Won</th>
                <th scope="col">Lost</th>
                <th scope="col">Tied</th>
                <th scope="col">Dropped</th>
              </tr>
            </thead>
            <tbody>
              {standings.map(([category, one]) => (
                <tr key={category}>
                  <th scope="row">{KINDS[category] ?? category}</th>
                  <td>{one.place}</td>
                  <td>{one.points}</td>
                  <td>{casteName(one.caste)}</td>
                  <td>{casteName(one.best_caste)}</td>
                  <td>{one.wins}</td>
                  <td>{one.losses}</td>
                  <td>{one.ties}</td>
                  <td>{one.disconnects}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      <ul className={styles.entries}>
        {card.results.map((one) => (
          <li key={one.number}>
            <span>
              {one.name || "A game"} on {one.map_name || "an unnamed map"}: {outcome(one)}
            </span>
            <span className={styles.dim}>
              {KINDS[one.kind] ?? one.kind}, {fromNow(one.recorded_at)}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function outcome({ outcome: how, place, verdict }: UserCard["results"][number]): string {
  if (verdict !== "clear") return verdict;
  const said: Readonly<Record<string, string>> = { win: "won", loss: "lost", tie: "tied" };
  return `${said[how] ?? "took part"}${place > 0 ? `, place ${place}` : ""}`;
}

function Record({ record }: { readonly record: NonNullable<UserCard["record"]> }) {
  return (
    <Panel title="On record" extra={record.length}>
      <ul className={styles.entries}>
        {record.map((one) => (
          <li key={`${one.at} ${one.action}`}>
            <span>
              {actName(one.action)}
              {one.by && ` by ${one.by}`}
            </span>
            <span className={styles.dim}>
              {[fullTime(one.at), actDetail(one.detail, fullTime)].filter(Boolean).join(", ")}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
