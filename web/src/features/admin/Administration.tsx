import { Suspense, useEffect, useId, useRef, useState } from "react";
import { isStaff, mayHaveFactor, useRole } from "../../stores/administration.ts";
import { readMe, useMe } from "../../stores/adminMe.ts";
import { signOut, useLogin } from "../../stores/login.ts";
import { goTo, usePage } from "../../stores/page.ts";
import { Button } from "../../ui/Button.tsx";
import { Gate } from "../../ui/Gate.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import { Entrance } from "../entrance/Entrance.tsx";
import { useTitle } from "../useTitle.ts";
import { CodeAsked } from "./CodeAsked.tsx";
import styles from "./Console.module.css";
import { PageLink } from "./PageLink.tsx";
import { SECTIONS, type Section } from "./sections.ts";
import { Toast } from "./Toast.tsx";

/** The pages for staff. What they show and do, the server allows; what is hidden here is only out of the way. */
export function Administration() {
  const signedIn = useLogin((state) => state.login !== null);
  const role = useRole((state) => state.role);
  const { permissions, problem } = useMe();
  useEffect(() => {
    if (signedIn) void readMe();
  }, [signedIn]);
  if (!signedIn) return <Entrance />;
  if (!isStaff(role)) return <NotForYou />;
  if (permissions === null) return <Waiting problem={problem} />;
  return (
    <Frame
      sections={SECTIONS.filter(({ needs }) =>
        needs.length === 0 ? mayHaveFactor(role) : needs.some((one) => permissions.has(one)),
      )}
    />
  );
}

function Frame({ sections }: { readonly sections: readonly Section[] }) {
  const part = usePage((state) => state.part);
  const waiting = useMe((state) => state.waiting);
  const [isOpen, setOpen] = useState(false);
  const menu = useRef<HTMLButtonElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const navId = useId();
  const [id, ...rest] = part.split("/");
  const section = (id ? SECTIONS : sections).find((one) => !id || one.id === id) ?? sections[0];
  const shown = useRef(section?.id);
  useTitle(section?.label ?? "Console");
  useEffect(() => {
    setOpen(false);
    // Who chose another section is to hear where they are; who came to the page is there already.
    if (shown.current !== section?.id) heading.current?.focus();
    shown.current = section?.id;
  }, [section?.id]);

  return (
    <div className={styles.console}>
      <a href="#console" className={styles.skip}>
        To the page
      </a>
      <header className={styles.head}>
        <Gate />
        <p className={styles.brand}>Mythgate console</p>
        <Button
          ref={menu}
          className={styles.menu}
          aria-expanded={isOpen}
          aria-controls={navId}
          onPress={() => setOpen(!isOpen)}
        >
          Menu
        </Button>
      </header>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Escape closes the menu, wherever in it one is */}
      <div
        className={styles.side}
        data-open={isOpen || undefined}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || !isOpen) return;
          setOpen(false);
          menu.current?.focus();
        }}
      >
        <nav id={navId} aria-label="Console">
          <ul className={styles.sections}>
            {sections.map((one) => (
              <li key={one.id}>
                <PageLink part={one.id} className={styles.section} isCurrent={one.id === section?.id}>
                  {one.label}
                </PageLink>
              </li>
            ))}
          </ul>
        </nav>
        <ul className={styles.sections} aria-label="Elsewhere">
          <li>
            <PageLink page="status" className={styles.section}>
              Status
            </PageLink>
          </li>
          <li>
            <PageLink page="lobby" className={styles.section}>
              Lobbies
            </PageLink>
          </li>
          <li>
            <PageLink page="world" className={styles.section}>
              To the game
            </PageLink>
          </li>
        </ul>
      </div>
      <main id="console" className={styles.main} tabIndex={-1}>
        <h1 ref={heading} className={styles.title} tabIndex={-1}>
          {section?.label ?? "Console"}
        </h1>
        <CodeAsked />
        {section && sections.includes(section) ? (
          <Suspense
            fallback={
              <p className={styles.dim} role="status">
                Loading …
              </p>
            }
          >
            <section.Body key={section.id} rest={rest.join("/")} />
          </Suspense>
        ) : (
          <p className={styles.nothing}>
            {waiting.length > 0
              ? "This page opens when the second factor is shown."
              : "Your role does not open this page. An owner or an admin can give you another."}
          </p>
        )}
      </main>
      <Toast />
    </div>
  );
}

function Waiting({ problem }: { readonly problem: { message: string; hint: string } | null }) {
  useTitle("Console");
  return (
    <main className={styles.closed}>
      <Gate size={56} />
      {problem ? (
        <>
          <Problem {...problem} />
          <Button onPress={() => void readMe()}>Try again</Button>
        </>
      ) : (
        <p role="status">Loading …</p>
      )}
    </main>
  );
}

function NotForYou() {
  const name = useLogin((state) => state.login?.username ?? "");
  useTitle("Console");
  return (
    <main className={styles.closed}>
      <Gate size={56} />
      <h1 className={styles.title}>For staff only</h1>
      <p>
        You are signed in as {name}, who is not one of the staff of this server. Somebody who is can give you a role.
      </p>
      <div className={ui.row}>
        <Button look="primary" onPress={() => goTo("world")}>
          To the world
        </Button>
        <Button onPress={() => void signOut()}>Sign in as somebody else</Button>
      </div>
    </main>
  );
}
