import { house } from "../../../stores/adminConsole.ts";
import { doorName } from "../../../stores/status.ts";
import { Panel } from "../../../ui/Panel.tsx";
import { fromNow, fullTime } from "../../when.ts";
import console from "../Console.module.css";
import { PageLink } from "../PageLink.tsx";
import { Nothing, Shown } from "../Shown.tsx";
import { Table } from "../Table.tsx";
import { usePolled } from "../usePolled.ts";

/** Where somebody came from, and which other accounts came from there. */
export function Alternates({ id }: { readonly id: string }) {
  const found = usePolled(() => house.alternates(id), null, id);
  return (
    <Shown of={found}>
      {({ addresses, others }) => (
        <div className={console.stack}>
          <p className={console.dim}>The same address proves nothing: households and networks share one.</p>
          <Panel title="Other accounts from there" extra={others.length}>
            {others.length === 0 ? (
              <Nothing>No other account came from the same addresses.</Nothing>
            ) : (
              <Table
                label="Other accounts from the same addresses"
                rows={others}
                keyOf={(one) => one.id}
                columns={[
                  { name: "Name", of: (one) => <PageLink part={`users/${one.id}`}>{one.name}</PageLink> },
                  { name: "Addresses", of: (one) => one.addresses.join(", ") },
                  { name: "Last", of: (one) => <span title={fullTime(one.last_at)}>{fromNow(one.last_at)}</span> },
                ]}
              />
            )}
          </Panel>
          <Panel title="Addresses" extra={addresses.length}>
            {addresses.length === 0 ? (
              <Nothing>None is known of the last 90 days.</Nothing>
            ) : (
              <Table
                label="Addresses"
                rows={addresses}
                keyOf={(one) => one.address}
                columns={[
                  { name: "Address", of: (one) => one.address },
                  { name: "Door", of: (one) => doorName(one.door) },
                  { name: "Times", isNumber: true, of: (one) => one.times },
                  { name: "First", of: (one) => fullTime(one.first_at) },
                  { name: "Last", of: (one) => fullTime(one.last_at) },
                ]}
              />
            )}
          </Panel>
        </div>
      )}
    </Shown>
  );
}
