import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./features/App.tsx";
import { listenForClaims, redeemClaim, takeSettingsLogin } from "./stores/login.ts";
import { resumePlay } from "./stores/play.ts";
import { shareLogin } from "./stores/tabs.ts";
import "./ui/tokens.css";

// A reload of the page carries on where it was, unless somebody else arrives with it.
const arriving = takeSettingsLogin();
if (arriving) void arriving.then(resumePlay);
else resumePlay();
void redeemClaim();
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
