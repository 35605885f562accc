import type { ReactNode } from "react";
import styles from "./Table.module.css";

export interface Column<R> {
  readonly name: string;
  readonly of: (row: R) => ReactNode;
  /** Figures stand at the right. */
  readonly isNumber?: boolean;
}

interface TableProps<R> {
  /** Read aloud before the table, and its name. */
  readonly label: string;
  readonly rows: readonly R[];
  readonly keyOf: (row: R) => string | number;
  /** The first is the heading of its row. */
  readonly columns: readonly [Column<R>, ...Column<R>[]];
}

/** Rows of facts. On a phone each row is a card; the roles are written out, for a card's layout loses them. */
export function Table<R>({ label, rows, keyOf, columns }: TableProps<R>) {
  const [first, ...others] = columns;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={styles.frame} aria-label={label} tabIndex={0}>
      {/* biome-ignore-start lint/a11y/noRedundantRoles: see above */}
      <table className={styles.table} role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ name, isNumber }) => (
              <th key={name} scope="col" role="columnheader" data-number={isNumber || undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row">
              <th scope="row" role="rowheader">
                <span>{first.of(row)}</span>
              </th>
              {others.map(({ name, of, isNumber }) => (
                <td key={name} role="cell" data-label={name} data-number={isNumber || undefined}>
                  <span>{of(row)}</span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {/* biome-ignore-end lint/a11y/noRedundantRoles: see above */}
    </section>
  );
}
