import { MalformedFrame, parseFrame } from "@mythgate/sdk";
import { expect, test } from "vitest";

test("reads one envelope or a list of them", () => {
  const one = { sequence_number: 1, event_type: "heartbeat", timestamp: "2026-03-01T12:00:00Z", data: {} };
  expect(parseFrame(JSON.stringify(one))).toEqual([one]);
  expect(parseFrame(JSON.stringify([one, { ...one, sequence_number: 2 }]))).toHaveLength(2);
});

test("understands `type` of older servers", () => {
  const [event] = parseFrame('{"type":"heartbeat"}');
  expect(event).toMatchObject({ event_type: "heartbeat", sequence_number: 0, data: {} });
});

test.each(["", "nonsense", "1", "null", "{}", '[{"event_type":3}]'])("refuses %j", (frame) => {
  expect(() => parseFrame(frame)).toThrow(MalformedFrame);
});
