/** The parts of the console, in the order of its navigation. Each is a program of its own, loaded when it is opened. */
import { type ComponentType, lazy } from "react";

export interface SectionProps {
  /** What stands behind the section in the address. */
  readonly rest: string;
}

export interface Section {
  /** Its part of the address; `stores/page.ts` knows it too. */
  readonly id: string;
  readonly label: string;
  /** One of these permissions is enough to be shown it; none: it is about the second factor itself. */
  readonly needs: readonly string[];
  readonly Body: ComponentType<SectionProps>;
}

export const SECTIONS: readonly Section[] = [
  {
    id: "now",
    label: "Now",
    needs: ["see_console"],
    Body: lazy(async () => ({ default: (await import("./now/Now.tsx")).Now })),
  },
  {
    id: "rooms",
    label: "Rooms",
    needs: ["see_console"],
    Body: lazy(async () => ({ default: (await import("./rooms/Rooms.tsx")).Rooms })),
  },
  {
    id: "users",
    label: "Players",
    needs: ["see_people"],
    Body: lazy(async () => ({ default: (await import("./Users.tsx")).Users })),
  },
  {
    id: "moderation",
    label: "Moderation",
    needs: ["see_reports"],
    Body: lazy(async () => ({ default: (await import("./moderation/Moderation.tsx")).Moderation })),
  },
  {
    id: "games",
    label: "Games and ladder",
    needs: ["see_console"],
    Body: lazy(async () => ({ default: (await import("./games/Games.tsx")).Games })),
  },
  {
    id: "world",
    label: "World",
    needs: ["see_console"],
    Body: lazy(async () => ({ default: (await import("./world/World.tsx")).World })),
  },
  {
    id: "messages",
    label: "Messages",
    needs: ["set_messages", "run_bridges"],
    Body: lazy(async () => ({ default: (await import("./messages/Messages.tsx")).Messages })),
  },
  {
    id: "logs",
    label: "Logs and audit",
    needs: ["see_record", "see_logs"],
    Body: lazy(async () => ({ default: (await import("./logs/Logs.tsx")).Logs })),
  },
  {
    id: "lab",
    label: "Protocol lab",
    needs: ["capture"],
    Body: lazy(async () => ({ default: (await import("./lab/Lab.tsx")).Lab })),
  },
  {
    id: "system",
    label: "System",
    needs: ["see_settings", "back_up"],
    Body: lazy(async () => ({ default: (await import("./system/System.tsx")).System })),
  },
  {
    id: "factor",
    label: "Second factor",
    needs: [],
    Body: lazy(async () => ({ default: (await import("./factor/Factor.tsx")).Factor })),
  },
];
