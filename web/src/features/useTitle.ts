import { useEffect } from "react";

/** The title of the browser's tab; `unread` stands in front. */
export function useTitle(title: string, unread = 0) {
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ""}${title} · Mythgate`;
  }, [title, unread]);
}
