import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./features/App.tsx";
import { listenForClaims, redeemClaim, takeSettingsLogin } from "./stores/login.ts";
import { resumePlay } from "./stores/play.ts";
import { shareLogin } from "./stores/tabs.ts";
import "./ui/tokens.css";

// A reload of the page carries on where it was.
resumePlay();
void redeemClaim();
void takeSettingsLogin();
listenForClaims();
shareLogin();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
