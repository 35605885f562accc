import type { Pairing, TournamentCard } from "@mythgate/sdk";
import { contestant, isOpen, roundName, roundsOf } from "../../stores/contests.ts";
import { Button } from "../../ui/Button.tsx";
import ui from "../../ui/ui.module.css";
import styles from "./Lobby.module.css";

interface BracketProps {
  readonly card: TournamentCard;
  /** Null for who may not say who goes on. */
  readonly onDecide: ((pairing: Pairing) => void) | null;
  /** Opens the result that decided a pairing. */
  readonly onResult: (number: number) => void;
}

/** Who meets whom, a column for each round; the winners of two pairings meet in the next column. */
export function Bracket({ card, onDecide, onResult }: BracketProps) {
  const rounds = roundsOf(card.bracket);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={styles.bracket} aria-label={`Bracket of ${card.name}`} tabIndex={0}>
      {rounds.map((pairings, index) => (
        <div key={pairings[0]?.round} className={styles.round}>
          <h4 className={styles.roundName}>{roundName(index + 1, rounds.length)}</h4>
          <ol className={styles.pairings}>
            {pairings.map((pairing) => (
              <li key={pairing.slot} className={styles.pairing}>
                <div className={styles.pair} data-open={isOpen(pairing)}>
                  <Contestant card={card} pairing={pairing} number={pairing.first} />
                  <Contestant card={card} pairing={pairing} number={pairing.second} />
                  {onDecide && isOpen(pairing) && (
                    <Button
                      look="quiet"
                      aria-label={`Decide ${pairName(card, pairing)}`}
                      onPress={() => onDecide(pairing)}
                    >
                      Decide
                    </Button>
                  )}
                  {pairing.result > 0 && (
                    <Button
                      look="quiet"
                      aria-label={`Result of ${pairName(card, pairing)}`}
                      onPress={() => onResult(pairing.result)}
                    >
                      Result
                    </Button>
                  )}
                </div>
              </li>
            ))}
          </ol>
        </div>
      ))}
    </section>
  );
}

const pairName = (card: TournamentCard, pairing: Pairing): string =>
  `${contestant(card, pairing, pairing.first)} against ${contestant(card, pairing, pairing.second)}`;

interface ContestantProps {
  readonly card: TournamentCard;
  readonly pairing: Pairing;
  readonly number: number;
}

function Contestant({ card, pairing, number }: ContestantProps) {
  const won = number > 0 && pairing.winner === number;
  const out = number > 0 && pairing.winner > 0 && !won;
  return (
    <span className={styles.contestant} data-known={number > 0} data-won={won} data-out={out}>
      <span>{contestant(card, pairing, number)}</span>
      {won && (
        <>
          <span aria-hidden>✓</span>
          <span className={ui.hidden}> goes on</span>
        </>
      )}
    </span>
  );
}
