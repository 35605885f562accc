import type { FriendView } from "@mythgate/sdk";
import { usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import styles from "./Lobby.module.css";

interface FriendsProps {
  readonly friends: readonly FriendView[];
  readonly onPerson: (number: number) => void;
}

/** Whom the player lists, and where they are. */
export function Friends({ friends, onPerson }: FriendsProps) {
  const lobbies = usePlay((state) => state.lobby.lobbies);
  const place = ({ state, room_id }: FriendView): string => {
    if (state === "offline") return "not on";
    const name = lobbies.find((one) => one.room_id === room_id)?.name;
    return [name ? `in ${name}` : "on", state === "unacknowledged" ? "has not listed you" : ""]
      .filter(Boolean)
      .join(", ");
  };
  return (
    <ul className={styles.list} aria-label="Your friends">
      {friends.map((friend) => (
        <li key={friend.number}>
          <Button className={styles.person} onPress={() => onPerson(friend.number)}>
            <span aria-hidden>{friend.state === "offline" ? "○" : "●"}</span>
            <span className={styles.personName}>{friend.name}</span>
            <span className={styles.notes}>{place(friend)}</span>
          </Button>
        </li>
      ))}
    </ul>
  );
}
