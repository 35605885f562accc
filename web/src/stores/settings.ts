/** How the player likes the client to look; kept in the browser. */
import { create } from "zustand";
import { browserStorage, isRecord, load, save } from "./storage.ts";

export type Theme = "auto" | "dark" | "light";
export type TextSize = "small" | "medium" | "large";

export interface Settings {
  readonly theme: Theme;
  readonly textSize: TextSize;
  /** Show the time of every line, not only when pointing at it. */
  readonly timestamps: boolean;
}

const KEY = "mythgate.settings";
const DEFAULTS: Settings = { theme: "auto", textSize: "medium", timestamps: false };

function restored(): Settings {
  const kept = load(browserStorage, KEY, isRecord) ?? {};
  return {
    theme: kept.theme === "dark" || kept.theme === "light" ? kept.theme : DEFAULTS.theme,
    textSize: kept.textSize === "small" || kept.textSize === "large" ? kept.textSize : DEFAULTS.textSize,
    timestamps: kept.timestamps === true,
  };
}

export const useSettings = create<Settings>(restored);

export function changeSettings(change: Partial<Settings>): void {
  useSettings.setState(change);
  save(browserStorage, KEY, useSettings.getState());
}
