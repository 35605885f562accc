import { expect, test } from "vitest";
import { splitLinks } from "../src/stores/links.ts";

const links = (text: string) => splitLinks(text).flatMap((part) => (part.href ? [[part.text, part.href]] : []));

test.each([
  ["see https://example.org/map?x=1&y=2#z now", "https://example.org/map?x=1&y=2#z"],
  ["at http://example.org.", "http://example.org"],
  ["(it is http://example.org/a)", "http://example.org/a"],
  ["http://example.org/a_(b)", "http://example.org/a_(b)"],
  ["really http://example.org/a?!", "http://example.org/a"],
  ['he said "http://example.org/a"', "http://example.org/a"],
  ["<http://example.org/a>", "http://example.org/a"],
  ["HTTPS://Example.org/A", "HTTPS://Example.org/A"],
])("%s", (text, address) => {
  expect(links(text).map(([shown]) => shown)).toEqual([address]);
});

test.each([
  "javascript:alert(1)",
  "data:text/html,http",
  "ftp://example.org",
  "xhttp://example.org",
  "http://",
  "http://bank.example@evil.example/",
  "www.example.org",
  "nothing at all",
  "",
])("no link in %s", (text) => {
  expect(links(text)).toEqual([]);
});

test("the parts together are the text, and addresses lead to the web only", () => {
  const text = 'a http://one.example/"onmouseover="x" b, https://two.example/<script>. c';
  const parts = splitLinks(text);
  expect(parts.map((part) => part.text).join("")).toBe(text);
  expect(links(text)).toEqual([
    ["http://one.example/", "http://one.example/"],
    ["https://two.example/", "https://two.example/"],
  ]);
});
