import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `mythgate serve` listens by default; the development server passes its paths on to it. */
const SERVER = "http://127.0.0.1:54731";

export default defineConfig({
  // Relative, so that the built client works behind any path prefix of a reverse proxy.
  base: "./",
  plugins: [react()],
  resolve: { alias: { "@mythgate/sdk": new URL("./sdk/index.ts", import.meta.url).pathname } },
  build: {
    target: "es2022",
    // Nothing may become a data: address; the server's content security policy allows its own origin only.
    assetsInlineLimit: 0,
    // The module preload polyfill would be an inline script.
    modulePreload: { polyfill: false },
  },
  server: {
    host: "127.0.0.1",
    proxy: Object.fromEntries(
      ["/api", "/auth", "/ws", "/docs", "/openapi.json", "/metrics"].map((path) => [
        path,
        { target: SERVER, ws: true },
      ]),
    ),
  },
  // Patient: other work may keep the machine busy.
  test: { environment: "node", include: ["tests/**/*.test.ts"], testTimeout: 30_000, hookTimeout: 30_000 },
});
