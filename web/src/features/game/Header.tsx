import { useState } from "react";
import {
  Header as AriaHeader,
  Menu,
  MenuItem,
  MenuSection,
  MenuTrigger,
  Popover,
  Separator,
} from "react-aria-components";
import { isStaff, readRole, useRole } from "../../stores/administration.ts";
import { awaitNextLine } from "../../stores/input.ts";
import { unreadIn } from "../../stores/lobby.ts";
import { signOut } from "../../stores/login.ts";
import { goTo } from "../../stores/page.ts";
import { leaveWorld, send, usePlay } from "../../stores/play.ts";
import { changeSettings, type TextSize, type Theme, useSettings } from "../../stores/settings.ts";
import { Button } from "../../ui/Button.tsx";
import { Gate } from "../../ui/Gate.tsx";
import ui from "../../ui/ui.module.css";
import { Account } from "../account/Account.tsx";
import { ConnectionBadge } from "./Connection.tsx";
import styles from "./Header.module.css";
import { Keyboard } from "./Keyboard.tsx";
import { STATUS_MARKS } from "./status.ts";

export function Header() {
  const room = usePlay((state) => state.game.room);
  const [accountOpen, setAccountOpen] = useState(false);
  const [keyboardOpen, setKeyboardOpen] = useState(false);
  return (
    <header className={styles.header}>
      <span className={styles.gate}>
        <Gate size={24} />
      </span>
      <h1 className={styles.place}>
        {room?.name ?? "Mythgate"}
        {room?.zone_name && <span className={styles.zone}>, {room.zone_name}</span>}
      </h1>
      <ConnectionBadge />
      <MainMenu onAccount={() => setAccountOpen(true)} onKeyboard={() => setKeyboardOpen(true)} />
      <Account isOpen={accountOpen} onClose={() => setAccountOpen(false)} />
      <Keyboard isOpen={keyboardOpen} onClose={() => setKeyboardOpen(false)} />
    </header>
  );
}

const STATUSES = [
  { id: "online", label: "Available", command: "back" },
  { id: "away", label: "Away", command: "away" },
  { id: "busy", label: "Busy", command: "busy" },
] as const;

const THEMES: readonly { id: Theme; label: string }[] = [
  { id: "auto", label: "Theme: as the system" },
  { id: "dark", label: "Theme: dark" },
  { id: "light", label: "Theme: light" },
];

const SIZES: readonly { id: TextSize; label: string }[] = [
  { id: "small", label: "Text: small" },
  { id: "medium", label: "Text: medium" },
  { id: "large", label: "Text: large" },
];

interface MainMenuProps {
  readonly onAccount: () => void;
  readonly onKeyboard: () => void;
}

function MainMenu({ onAccount, onKeyboard }: MainMenuProps) {
  const name = usePlay((state) => state.game.player?.name ?? state.character?.name ?? "");
  const status = usePlay((state) => state.game.player?.status ?? "online");
  const unread = usePlay((state) => unreadIn(state.lobby));
  const role = useRole((state) => state.role);
  const { theme, textSize, timestamps } = useSettings();
  const item = ui.menuItem ?? "";
  return (
    <MenuTrigger onOpenChange={(open) => open && void readRole()}>
      <Button className={styles.me} aria-label={`${name}: menu`}>
        <span>{name}</span>
        {status !== "online" && <span>{STATUS_MARKS[status].mark}</span>}
        <span aria-hidden>▾</span>
      </Button>
      <Popover className={`${ui.popover} ${ui.scrolls}`} placement="bottom end">
        <Menu className={ui.menu ?? ""} aria-label="Menu">
          <MenuItem className={item} onAction={() => goTo("lobby")}>
            Lobby{unread > 0 ? ` (${unread} new)` : ""}
          </MenuItem>
          <MenuItem className={item} onAction={() => goTo("journal")}>
            Journal
          </MenuItem>
          <MenuItem className={item} onAction={() => goTo("notices")}>
            Notices
          </MenuItem>
          {isStaff(role) && (
            <MenuItem className={item} onAction={() => goTo("admin")}>
              Console
            </MenuItem>
          )}
          <Separator className={ui.separator ?? ""} />
          <MenuSection
            selectionMode="single"
            selectedKeys={[status]}
            disallowEmptySelection
            onSelectionChange={(keys) => {
              const chosen = STATUSES.find((one) => keys !== "all" && keys.has(one.id));
              if (chosen && chosen.id !== status) send(chosen.command);
            }}
          >
            <AriaHeader className={ui.menuHeader}>You are</AriaHeader>
            {STATUSES.map((one) => (
              <MenuItem key={one.id} id={one.id} className={item}>
                {one.label}
              </MenuItem>
            ))}
          </MenuSection>
          <Separator className={ui.separator ?? ""} />
          <MenuSection
            selectionMode="single"
            selectedKeys={[theme]}
            disallowEmptySelection
            onSelectionChange={(keys) => {
              const chosen = THEMES.find((one) => keys !== "all" && keys.has(one.id));
              if (chosen) changeSettings({ theme: chosen.id });
            }}
          >
            <AriaHeader className={ui.menuHeader}>Display</AriaHeader>
            {THEMES.map((one) => (
              <MenuItem key={one.id} id={one.id} className={item}>
                {one.label}
              </MenuItem>
            ))}
          </MenuSection>
          <Separator className={ui.separator ?? ""} />
          <MenuSection
            aria-label="Text size"
            selectionMode="single"
            selectedKeys={[textSize]}
            disallowEmptySelection
            onSelectionChange={(keys) => {
              const chosen = SIZES.find((one) => keys !== "all" && keys.has(one.id));
              if (chosen) changeSettings({ textSize: chosen.id });
            }}
          >
            {SIZES.map((one) => (
              <MenuItem key={one.id} id={one.id} className={item}>
                {one.label}
              </MenuItem>
            ))}
          </MenuSection>
          <Separator className={ui.separator ?? ""} />
          <MenuItem className={item} onAction={() => changeSettings({ timestamps: !timestamps })}>
            {timestamps ? "Hide times" : "Show times"}
          </MenuItem>
          <MenuItem
            className={item}
            onAction={() => {
              send("help");
              awaitNextLine();
            }}
          >
            Help
          </MenuItem>
          <MenuItem className={item} onAction={onKeyboard}>
            Keyboard
          </MenuItem>
          <Separator className={ui.separator ?? ""} />
          <MenuItem className={item} onAction={onAccount}>
            Account
          </MenuItem>
          <MenuItem className={item} onAction={() => void leaveWorld()}>
            Leave to characters
          </MenuItem>
          <MenuItem className={item} onAction={() => void signOut(leaveWorld())}>
            Sign out
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
