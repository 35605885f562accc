import styles from "./Console.module.css";
import { PageLink } from "./PageLink.tsx";

interface SubNavProps {
  readonly label: string;
  /** The address of each page, with what it is called. */
  readonly pages: readonly (readonly [part: string, label: string])[];
  /** The address of the one that is shown. */
  readonly chosen: string;
}

/** The pages of one section. */
export function SubNav({ label, pages, chosen }: SubNavProps) {
  return (
    <nav aria-label={label}>
      <ul className={styles.subnav}>
        {pages.map(([part, name]) => (
          <li key={part}>
            <PageLink part={part} className={styles.tab} isCurrent={part === chosen}>
              {name}
            </PageLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}
