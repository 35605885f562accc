import type { LobbyPlayerView, PlayerPage } from "@mythgate/sdk";
import { casteName } from "../../stores/lobby.ts";
import { readPlayer, setFriends } from "../../stores/lobbyVisits.ts";
import { session, useLogin } from "../../stores/login.ts";
import { sayInLobby, usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import { useSubmit } from "../useSubmit.ts";
import { fromNow } from "../when.ts";
import styles from "./Lobby.module.css";
import { Swatch } from "./People.tsx";
import type { Addressee } from "./Talk.tsx";
import { useRead } from "./useRead.ts";

interface PlayerCardProps {
  /** Whose card is open; null for none. */
  readonly number: number | null;
  readonly onClose: () => void;
  /** Null where one cannot talk. */
  readonly onTalk: ((to: Addressee) => void) | null;
}

/** Numbers from here on are those of guests of the old clients, who have no account. */
const FIRST_GUEST = 0x3fffffff;

/** Everything about one player, and what one can do about them. */
export function PlayerCard({ number, onClose, onTalk }: PlayerCardProps) {
  const present = usePlay((state) => state.lobby.players.find((one) => one.number === number));
  return (
    <Dialog title={present?.name ?? "Player"} isOpen={number !== null} onClose={onClose}>
      {number !== null && <Facts number={number} present={present} />}
      {number !== null && <Acts number={number} present={present} onTalk={onTalk} onClose={onClose} />}
    </Dialog>
  );
}

function Facts({ number, present }: { readonly number: number; readonly present: LobbyPlayerView | undefined }) {
  const hasAccount = number < FIRST_GUEST;
  const { value, problem } = useRead<PlayerPage | null>(
    async () => (hasAccount ? readPlayer(number) : null),
    null,
    number,
  );
  const rows = [...(present ? presentRows(present) : []), ...(value ? accountRows(value) : [])];
  return (
    <>
      {problem && <Problem {...problem} />}
      <dl className={styles.cardFacts}>
        {present && (
          <div>
            <dt>Colour</dt>
            <dd>
              <Swatch colour={present.colour} /> {present.colour}
            </dd>
          </div>
        )}
        {rows.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      {value?.profile.quote && <blockquote className={styles.quote}>{value.profile.quote}</blockquote>}
    </>
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

function accountRows({ name, role, caste, clan, member_since, profile, standings, online }: PlayerPage): Row[] {
  const { city, state, country } = profile;
  const ranked = standings.ranked;
  return filled([
    ["Name", name],
    ["Role", role === "player" ? "" : role],
    ["Caste", casteName(caste)],
    ["Clan", clan?.name ?? ""],
    ["From", [city, state, country].filter(Boolean).join(", ")],
    ["Came first", fromNow(member_since)],
    ["In", online?.room_name ?? "no lobby"],
    [
      "Ranked games",
      ranked ? `place ${ranked.place}, ${ranked.points} points, ${ranked.wins} of ${ranked.games} won` : "",
    ],
  ]);
}

interface ActsProps {
  readonly number: number;
  readonly present: LobbyPlayerView | undefined;
  readonly onTalk: ((to: Addressee) => void) | null;
  readonly onClose: () => void;
}

const STAFF = new Set(["moderator", "admin", "owner"]);

function Acts({ number, present, onTalk, onClose }: ActsProps) {
  const you = usePlay((state) => state.lobby.you);
  const friend = usePlay((state) => state.lobby.friends.some((one) => one.number === number));
  // As the lobby has it: the login may be older than the role.
  const role = usePlay((state) => state.lobby.players.find((one) => one.number === you)?.role ?? "");
  const login = useLogin((state) => state.login);
  const { submit, busy, problems } = useSubmit([]);
  const isOther = login !== null && number !== you;
  const mayList = isOther && !login.isGuest && number < FIRST_GUEST && present?.is_guest !== true;
  const mayJudge = isOther && present !== undefined && STAFF.has(role);

  /** A command of the lobby about this player. */
  function command(line: string) {
    sayInLobby(line, null);
    onClose();
  }

  return (
    <>
      {problems.form && <Problem {...problems.form} />}
      <div className={ui.row}>
        {isOther && present && onTalk && (
          <Button look="primary" onPress={() => onTalk({ number, name: present.name })}>
            Private message
          </Button>
        )}
        {mayList && (
          <Button
            isDisabled={busy}
            onPress={() =>
              void submit(async () =>
                setFriends(await (friend ? session.removeFriend(number) : session.addFriend(number))),
              )
            }
          >
            {friend ? "Remove from friends" : "Add to friends"}
          </Button>
        )}
        {isOther && present && <Button onPress={() => command(`/ignore #${number}`)}>Ignore</Button>}
        {mayJudge && (
          <>
            <Button onPress={() => command(`/mute #${number} 10`)}>Mute for 10 minutes</Button>
            <Button look="danger" onPress={() => command(`/kick #${number}`)}>
              Kick
            </Button>
          </>
        )}
        <Button onPress={onClose}>Close</Button>
      </div>
    </>
  );
}
