/** Settings of the server as people read and write them. */
import type { AdminApi } from "@mythgate/sdk";

/** Whatever a setting holds. */
export type SettingValue = unknown;

export const AT_RUN_TIME = "changed at run time";

/** A value as it stands in the list, and in the field where it is changed. */
export const settingText = (value: SettingValue): string =>
  value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);

/**
 * What was written, as a value of the kind that the setting has now. A word where a number should be stays a word, and
 * the server says what is wrong with it.
 */
export function settingValue(text: string, now: SettingValue): SettingValue {
  if (typeof now === "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Those whose name or meaning contains all the words. */
export function foundSettings(
  settings: readonly AdminApi.SettingRow[],
  search: string,
): readonly AdminApi.SettingRow[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return settings.filter(({ name, description, origin }) => {
    const text = `${name} ${description} ${origin}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Settings by the section they stand in, such as `limits`; those without one first. */
export function bySection(
  settings: readonly AdminApi.SettingRow[],
): readonly (readonly [string, readonly AdminApi.SettingRow[]])[] {
  const sections = new Map<string, AdminApi.SettingRow[]>();
  for (const one of settings) {
    const section = one.name.includes(".") ? (one.name.split(".")[0] ?? "") : "";
    sections.set(section, [...(sections.get(section) ?? []), one]);
  }
  return [...sections].sort(([one], [other]) => Number(one !== "") - Number(other !== ""));
}
