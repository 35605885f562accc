import type { ClanEntry, ClanMemberView, ClanRank, OwnClan } from "@mythgate/sdk";
import { useState } from "react";
import { actsOn, FEWEST_MEMBERS, goesAt } from "../../stores/clans.ts";
import { readClan, readClans, readOwnClan } from "../../stores/lobbyVisits.ts";
import { session } from "../../stores/login.ts";
import { usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { Confirm } from "../../ui/Confirm.tsx";
import { ActionMenu } from "../../ui/Menu.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import { useSubmit } from "../useSubmit.ts";
import { fromNow, fullTime } from "../when.ts";
import { ChangeClan, FoundClan, JoinClan } from "./ClanForms.tsx";
import styles from "./Lobby.module.css";
import { Named } from "./Named.tsx";
import { useRead } from "./useRead.ts";
import { useStanding } from "./useStanding.ts";

const REFRESH_MS = 60_000;

interface ClansProps {
  readonly onPerson: (number: number) => void;
}

/** One's own clan with what one may do in it, and all others. */
export function Clans({ onPerson }: ClansProps) {
  const { hasAccount, name } = useStanding();
  const told = usePlay((state) => state.lobby.clanChanges);
  const [acted, setActed] = useState(0);
  const version = `${name} ${told} ${acted}`;
  const own = useRead(async () => (hasAccount ? readOwnClan() : null), REFRESH_MS, version);
  const all = useRead(readClans, REFRESH_MS, version);
  const [joining, setJoining] = useState<ClanEntry | null>(null);
  const [founding, setFounding] = useState(false);
  const changed = () => setActed((before) => before + 1);
  const mayJoin = hasAccount && own.problem === null && own.value === null;
  return (
    <>
      {own.problem && <Problem {...own.problem} />}
      {own.value && <Own clan={own.value} name={name} onPerson={onPerson} onChanged={changed} />}
      <Panel title="All clans" extra={all.value?.length}>
        {all.problem && <Problem {...all.problem} />}
        {all.value?.length === 0 && <p className={styles.empty}>There are no clans yet.</p>}
        {all.value && all.value.length > 0 && (
          <ul className={styles.list} aria-label="All clans">
            {all.value.map((clan) => (
              <Other
                key={clan.number}
                clan={clan}
                isOwn={clan.number === own.value?.number}
                version={version}
                onPerson={onPerson}
                onJoin={mayJoin ? () => setJoining(clan) : null}
              />
            ))}
          </ul>
        )}
        {mayJoin && (
          <div className={styles.after}>
            <Button onPress={() => setFounding(true)}>Found a clan</Button>
          </div>
        )}
        {!hasAccount && <p className={styles.dim}>Whoever has an account can join a clan, or found one.</p>}
      </Panel>
      {joining && <JoinClan clan={joining} onDone={changed} onClose={() => setJoining(null)} />}
      {founding && <FoundClan onDone={changed} onClose={() => setFounding(false)} />}
    </>
  );
}

interface OwnProps extends ClansProps {
  readonly clan: OwnClan;
  /** The reader's account. */
  readonly name: string;
  readonly onChanged: () => void;
}

interface Question {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly run: () => Promise<unknown>;
}

function Own({ clan, name, onPerson, onChanged }: OwnProps) {
  const [question, setQuestion] = useState<Question | null>(null);
  const [editing, setEditing] = useState(false);
  const { submit, problems, clear } = useSubmit([]);
  const me = clan.members.find((one) => one.name === name);
  const leads = me?.rank === "leader";

  async function run(act: () => Promise<unknown>) {
    if (!(await submit(act))) return;
    setQuestion(null);
    onChanged();
  }

  function ask(asked: Question) {
    clear();
    setQuestion(asked);
  }

  const rank = (member: ClanMemberView, to: ClanRank) => () => void run(() => session.rankInClan(member.number, to));

  function actions(member: ClanMemberView) {
    const acts = actsOn(me, member);
    return [
      ...(acts.promote ? [{ label: "Make an officer", run: rank(member, "officer") }] : []),
      ...(acts.demote ? [{ label: "Make a member", run: rank(member, "member") }] : []),
      ...(acts.lead
        ? [
            {
              label: "Pass the lead on",
              run: () =>
                ask({
                  title: `Let ${member.name} lead?`,
                  text: `${member.name} leads ${clan.name} from then on, and you are an officer.`,
                  action: "Pass the lead on",
                  run: () => session.rankInClan(member.number, "leader"),
                }),
            },
          ]
        : []),
      ...(acts.dismiss
        ? [
            {
              label: "Send away",
              run: () =>
                ask({
                  title: `Send ${member.name} away?`,
                  text: "Who knows the member password can come back; change it if they should not.",
                  action: "Send away",
                  run: () => session.dismissFromClan(clan.number, member.number),
                }),
            },
          ]
        : []),
    ];
  }

  return (
    <Panel title="Your clan" extra={`${clan.members.length} of 16`}>
      <div className={styles.ownClan}>
        <h3 className={styles.clanName}>{clan.name}</h3>
        {clan.motto && <p className={styles.motto}>{clan.motto}</p>}
        {clan.motd && <p className={ui.note}>{clan.motd}</p>}
        {clan.below_since && (
          <p className={styles.warning}>
            {`With fewer than ${FEWEST_MEMBERS} members the clan goes ${fromNow(goesAt(clan.below_since))}.`}
          </p>
        )}
        <p className={styles.dim}>
          <time
            dateTime={clan.founded_at}
            title={fullTime(clan.founded_at)}
          >{`Founded ${fromNow(clan.founded_at)}.`}</time>
          {clan.contact && ` Write to ${clan.contact}.`}
        </p>
        <Page url={clan.url} />
        {problems.form && !question && <Problem {...problems.form} />}
        <ul className={styles.list} aria-label={`Members of ${clan.name}`}>
          {clan.members.map((member) => {
            const menu = actions(member);
            return (
              <li key={member.number} className={styles.member}>
                <Named name={member.name} onPress={() => onPerson(member.number)} />
                <span className={styles.dim}>
                  {member.rank}
                  {member.name === name && ", you"}
                  <Place roomId={member.room_id ?? null} />
                </span>
                {menu.length > 0 && (
                  <ActionMenu
                    label={`What to do about ${member.name}`}
                    trigger={
                      <Button look="quiet" aria-label={`${member.name}: what to do`}>
                        <span aria-hidden>▾</span>
                      </Button>
                    }
                    actions={menu}
                  />
                )}
              </li>
            );
          })}
        </ul>
        <div className={ui.row}>
          <Button onPress={() => setEditing(true)}>{leads ? "Change the clan" : "Change with the password"}</Button>
          <Button
            onPress={() =>
              ask({
                title: `Leave ${clan.name}?`,
                text:
                  clan.members.length === 1
                    ? "You are its last member: the clan goes with you."
                    : leads
                      ? "The officer, or else the member, who is in it longest leads from then on."
                      : "To come back you need the member password.",
                action: "Leave the clan",
                run: () => session.leaveClan(),
              })
            }
          >
            Leave
          </Button>
          {leads && (
            <Button
              look="danger"
              onPress={() =>
                ask({
                  title: `Dissolve ${clan.name}?`,
                  text: "The clan goes for good, and everybody in it is in none.",
                  action: "Dissolve the clan",
                  run: () => session.dissolveClan(clan.number),
                })
              }
            >
              Dissolve
            </Button>
          )}
        </div>
      </div>
      {question && (
        <Confirm
          {...question}
          problem={problems.form}
          onConfirm={() => void run(question.run)}
          onClose={() => setQuestion(null)}
        />
      )}
      {editing && <ChangeClan clan={clan} leads={leads} onDone={onChanged} onClose={() => setEditing(false)} />}
    </Panel>
  );
}

/** Only addresses a browser opens as a page; anything else is merely read. */
function Page({ url }: { readonly url: string }) {
  if (!url) return null;
  if (!/^https?:\/\//i.test(url)) return <p className={styles.dim}>{url}</p>;
  return (
    <p>
      <a href={url} target="_blank" rel="noopener noreferrer nofollow ugc">
        {url}
      </a>
    </p>
  );
}

function Place({ roomId }: { readonly roomId: number | null }) {
  const name = usePlay((state) => state.lobby.lobbies.find((one) => one.room_id === roomId)?.name);
  return roomId === null ? null : `, in ${name ?? "a lobby"}`;
}

interface OtherProps extends ClansProps {
  readonly clan: ClanEntry;
  readonly isOwn: boolean;
  readonly version: string;
  readonly onJoin: (() => void) | null;
}

function Other({ clan, isOwn, version, onPerson, onJoin }: OtherProps) {
  const [open, setOpen] = useState(false);
  return (
    <li className={styles.clan}>
      <Button look="quiet" aria-expanded={open} onPress={() => setOpen(!open)}>
        {clan.name}
      </Button>
      <span className={styles.dim}>
        {clan.members} {clan.members === 1 ? "member" : "members"}
        {isOwn && ", yours"}
      </span>
      {clan.motto && <span className={styles.motto}>{clan.motto}</span>}
      {onJoin && (
        <Button look="quiet" className={styles.end} aria-label={`Join ${clan.name}`} onPress={onJoin}>
          Join
        </Button>
      )}
      {open && <Members clan={clan} version={version} onPerson={onPerson} />}
    </li>
  );
}

interface MembersProps extends ClansProps {
  readonly clan: ClanEntry;
  readonly version: string;
}

function Members({ clan, version, onPerson }: MembersProps) {
  const { value, problem } = useRead(() => readClan(clan.number), null, version);
  if (problem) return <Problem {...problem} />;
  return (
    <div className={styles.members}>
      <Page url={clan.url} />
      <ul>
        {value?.people.map((one) => (
          <li key={one.number} className={styles.member}>
            <Named name={one.name} onPress={() => onPerson(one.number)} />
            <span className={styles.dim}>
              {one.rank}
              <Place roomId={one.room_id} />
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
