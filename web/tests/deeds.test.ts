import type { AbilityView, FighterView } from "@mythgate/sdk";
import { describe, expect, test } from "vitest";
import { bestOf, castOf, deedsOf } from "../src/stores/deeds.ts";

const me = (stamina: number, mana = 20): FighterView => ({
  number: 1,
  name: "Ada",
  side: 1,
  character_id: "ada",
  character_number: 1,
  creature: "",
  level: 1,
  condition: "standing",
  stance: null,
  health: 30,
  max_health: 95,
  stamina,
  max_stamina: 110,
  mana,
  max_mana: 80,
});

const ability = (change: Partial<AbilityView> = {}): AbilityView => ({
  name: "Poison Arrow",
  ready_in: 0,
  health: 0,
  stamina: 15,
  mana: 10,
  target: "single_enemy",
  ...change,
});

describe("what one can do in a fight", () => {
  test("everything has its price; on one's turn all can be done that can be paid", () => {
    const deeds = deedsOf(me(15), true, " 2");
    expect(deeds.map((one) => [one.label, one.command, one.price])).toEqual([
      ["Strike", "light 2", "15 stamina"],
      ["Strike hard", "heavy 2", "35 stamina"],
      ["Block", "block", "10 stamina"],
      ["Dodge", "dodge", "20 stamina"],
      ["Parry", "parry", "25 stamina"],
      ["Wait", "wait", "+20 stamina, +10 mana"],
      ["Flee", "flee", "free"],
    ]);
    expect(deeds.filter((one) => one.refusal === null).map((one) => one.label)).toEqual([
      "Strike",
      "Block",
      "Wait",
      "Flee",
    ]);
    expect(deeds[1]?.refusal).toBe("It takes 35 stamina, and you have 15 stamina.");
    expect(bestOf(deeds)).toBe("Strike");
  });

  test("who cannot strike had better wait; out of turn nothing can be done", () => {
    expect(bestOf(deedsOf(me(14), true, ""))).toBe("Wait");
    const later = deedsOf(me(99), false, "");
    expect(new Set(later.map((one) => one.refusal))).toEqual(new Set(["It is not your turn."]));
    expect(bestOf(later)).toBeNull();
  });

  test("abilities tell all that they cost, and when they are ready", () => {
    expect(castOf(me(40), true, " 2", ability())).toEqual({
      label: "Poison Arrow",
      command: "cast Poison Arrow at 2",
      price: "15 stamina, 10 mana",
      refusal: null,
    });
    expect(castOf(me(40), true, " 2", ability({ target: "self" })).command).toBe("cast Poison Arrow");
    const refusal = (change: Partial<AbilityView>) => castOf(me(40), true, "", ability(change)).refusal;
    expect(refusal({ ready_in: 1 })).toBe("ready in 1 round");
    expect(refusal({ ready_in: 3 })).toBe("ready in 3 rounds");
    expect(refusal({ mana: 21 })).toBe("It takes 15 stamina, 21 mana, and you have 20 mana.");
    expect(refusal({ health: 30, stamina: 0, mana: 0 })).toBe("It takes 30 health, and you have 30 health.");
    expect(refusal({ health: 29, stamina: 0, mana: 0 })).toBeNull();
    expect(castOf(me(40), false, "", ability()).refusal).toBe("It is not your turn.");
    expect(castOf(me(0), true, "", ability({ stamina: 0, mana: 0 })).price).toBe("free");
  });
});
