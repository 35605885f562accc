"""How the HTTP door makes its routers, and puts them into an application."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute


def _operation_id(route: APIRoute) -> str:
    return route.name


def new_router(*tags: str, in_schema: bool = True) -> APIRouter:
    """A router whose operations are called as their functions are."""
    return APIRouter(tags=list(tags), include_in_schema=in_schema, generate_unique_id_function=_operation_id)


def mount(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Add the routes of `routers` as they are: paths, tags and answers are complete.

    `FastAPI.include_router` would make each of them anew for the application, on its first requests: half a
    second during which nobody else is served.
    """
    for router in routers:
        app.router.routes.extend(router.routes)
