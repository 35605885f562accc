import { house } from "../../../stores/adminConsole.ts";
import { Panel } from "../../../ui/Panel.tsx";
import console from "../Console.module.css";
import { PageLink } from "../PageLink.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { Table } from "../Table.tsx";
import { usePolled } from "../usePolled.ts";

const REFRESH_MS = 30_000;

/** A room on the map. */
function OnMap({ id, name }: { readonly id: string; readonly name: string }) {
  return (
    <PageLink part="world" query={`room=${encodeURIComponent(id)}`}>
      {name}
    </PageLink>
  );
}

/** Who and what is in the world besides players. */
export function Entities() {
  const entities = usePolled(house.worldEntities, REFRESH_MS);
  return (
    <Shown of={entities}>
      {({ inhabitants, creatures, lying, items, templates }) => (
        <div className={console.stack}>
          <p className={console.dim}>
            {items} things of {templates} kinds, those that are carried among them.
          </p>
          <Panel title="Inhabitants" extra={inhabitants.length}>
            {inhabitants.length === 0 ? (
              <Nothing>Nobody lives here. World packs say who does.</Nothing>
            ) : (
              <Table
                label="Inhabitants"
                rows={inhabitants}
                keyOf={(one) => one.id}
                columns={[
                  { name: "Name", of: (one) => one.name },
                  { name: "Where", of: (one) => <OnMap id={one.room_id} name={one.room} /> },
                  { name: "What one sees", of: (one) => one.summary },
                ]}
              />
            )}
          </Panel>
          <Panel title="Creatures" extra={creatures.length}>
            {creatures.length === 0 ? (
              <Nothing>There are none at present.</Nothing>
            ) : (
              <Table
                label="Creatures"
                rows={creatures}
                keyOf={(one) => one.key}
                columns={[
                  { name: "Name", of: (one) => one.name },
                  { name: "Level", isNumber: true, of: (one) => one.level },
                  { name: "Where", of: (one) => <OnMap id={one.room_id} name={one.room} /> },
                ]}
              />
            )}
          </Panel>
          <Panel title="Things that lie about" extra={lying.length}>
            {lying.length === 0 ? (
              <Nothing>Nothing lies about.</Nothing>
            ) : (
              <Table
                label="Things that lie about"
                rows={lying}
                keyOf={(one) => `${one.template} ${one.room_id}`}
                columns={[
                  { name: "Thing", of: (one) => one.name },
                  { name: "Count", isNumber: true, of: (one) => one.count },
                  { name: "Where", of: (one) => <OnMap id={one.room_id} name={one.room} /> },
                ]}
              />
            )}
          </Panel>
        </div>
      )}
    </Shown>
  );
}
