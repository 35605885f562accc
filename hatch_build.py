"""Puts the built browser client into wheels, so that whoever installs one needs no Node.

An editable installation (`pip install -e .`) finds the client in `web/dist` by itself, built or not. Of a wheel it has
to be a part: without it, building fails, unless MYTHGATE_WITHOUT_CLIENT=1 says that a server without pages is wanted.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[misc]  # hatchling is there only while something is built
    """Called by hatchling before it builds."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Say what goes into the wheel besides the package."""
        if self.target_name != "wheel" or version == "editable" or os.environ.get("MYTHGATE_WITHOUT_CLIENT") == "1":
            return
        client = Path(self.root) / "web" / "dist"
        if not (client / "index.html").is_file():
            msg = (
                "The browser client is not built: run `make web` (Node 20) first, or set MYTHGATE_WITHOUT_CLIENT=1 "
                "for a server without pages."
            )
            raise RuntimeError(msg)
        build_data["force_include"][str(client)] = "mythgate/web_client"
