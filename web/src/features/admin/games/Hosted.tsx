import { groupName } from "../../../stores/lobby.ts";
import { pages } from "../../../stores/login.ts";
import { PageLink } from "../PageLink.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { Table } from "../Table.tsx";
import { usePolled } from "../usePolled.ts";

const REFRESH_MS = 10_000;

/** The games that are hosted now. */
export function Hosted() {
  const games = usePolled(pages.games, REFRESH_MS);
  return (
    <Shown of={games}>
      {(hosted) =>
        hosted.length === 0 ? (
          <Nothing>Nobody hosts a game. Players host one from their game client, in any lobby.</Nothing>
        ) : (
          <Table
            label="Hosted games"
            rows={hosted}
            keyOf={(game) => game.id}
            columns={[
              { name: "Game", of: (game) => game.name || "A game" },
              { name: "Map", of: (game) => game.map_name },
              { name: "Of", of: (game) => groupName(game.family) },
              { name: "Host", of: (game) => game.host_name },
              {
                name: "Lobby",
                of: (game) => <PageLink part={`rooms/lobby:${game.room_id}`}>{game.room_name}</PageLink>,
              },
              {
                name: "Players",
                isNumber: true,
                of: (game) => (game.max_players > 0 ? `${game.players} of ${game.max_players}` : game.players),
              },
              { name: "State", of: (game) => stateOf(game) },
            ]}
          />
        )
      }
    </Shown>
  );
}

const stateOf = ({ joinable, state }: { readonly joinable: boolean; readonly state: string }): string =>
  joinable ? "can be joined" : state === "running" ? "under way" : "closed";
