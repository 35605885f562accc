/** The account's characters. */
import type { Beginning, CharacterView, DeletedCharacter } from "@mythgate/sdk";
import { create } from "zustand";
import { explain, isSigningOut, session, useLogin } from "./login.ts";

interface CharactersState {
  readonly characters: readonly CharacterView[];
  readonly deleted: readonly DeletedCharacter[];
  readonly limit: number;
  readonly loaded: boolean;
  readonly problem: { message: string; hint: string } | null;
}

const NONE: CharactersState = { characters: [], deleted: [], limit: 0, loaded: false, problem: null };

export const useCharacters = create<CharactersState>(() => NONE);

// Another account's characters must never show, not even for a moment.
useLogin.subscribe((state, before) => {
  if (state.login?.userId !== before.login?.userId) useCharacters.setState(NONE);
});

export async function loadCharacters(): Promise<void> {
  if (isSigningOut()) return;
  try {
    const { characters, deleted = [], limit } = await session.listCharacters();
    useCharacters.setState({ characters, deleted, limit, loaded: true, problem: null });
  } catch (error) {
    useCharacters.setState({ problem: explain(error) });
  }
}

export async function createCharacter(name: string, description: string, beginning: Beginning): Promise<CharacterView> {
  const character = await session.createCharacter(name, description, beginning);
  await loadCharacters();
  return character;
}

export async function deleteCharacter(id: string): Promise<void> {
  await session.deleteCharacter(id);
  await loadCharacters();
}

export async function restoreCharacter(id: string): Promise<void> {
  await session.restoreCharacter(id);
  await loadCharacters();
}
