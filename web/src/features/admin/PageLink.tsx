import type { MouseEvent, ReactNode } from "react";
import { addressOf, goTo, type Page } from "../../stores/page.ts";

interface PageLinkProps {
  readonly page?: Page;
  /** What stands behind the page in the address. */
  readonly part?: string;
  readonly query?: string;
  readonly className?: string | undefined;
  readonly isCurrent?: boolean;
  readonly id?: string;
  readonly children: ReactNode;
}

/** A link within the client: it loads nothing anew, and can be opened in a tab of its own like any other. */
export function PageLink({
  page = "admin",
  part = "",
  query = "",
  className,
  isCurrent = false,
  id,
  children,
}: PageLinkProps) {
  function onClick(event: MouseEvent) {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    goTo(page, part, query);
  }
  return (
    <a
      id={id}
      href={addressOf(page, part, query)}
      className={className}
      aria-current={isCurrent ? "page" : undefined}
      onClick={onClick}
    >
      {children}
    </a>
  );
}
