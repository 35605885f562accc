"""The set of use cases that a door is handed."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import get_type_hints

import pytest

import mythgate.services
from mythgate.services import all as all_services
from mythgate.services.all import Services


def services() -> dict[str, type]:
    """Every `…Service` there is, by its name."""
    modules = pkgutil.walk_packages(mythgate.services.__path__, "mythgate.services.")
    return {
        name: kind
        for module in modules
        for name, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
        if name.endswith("Service") and kind.__module__ == module.name
    }


def test_a_door_is_handed_every_use_case(monkeypatch: pytest.MonkeyPatch) -> None:
    known = services()
    assert known
    for name, kind in known.items():
        monkeypatch.setattr(all_services, name, kind, raising=False)
    monkeypatch.setattr(all_services, "Clock", object, raising=False)
    monkeypatch.setattr(all_services, "Store", object, raising=False)
    monkeypatch.setattr(all_services, "Extensions", object, raising=False)
    monkeypatch.setattr(all_services, "WorldChat", object, raising=False)  # of itself, it listens
    monkeypatch.setattr(all_services, "LoopLag", object, raising=False)  # which measures, of itself too
    handed = [kind for kind in get_type_hints(Services).values() if kind is not object]
    assert sorted(kind.__name__ for kind in handed) == sorted(known)
