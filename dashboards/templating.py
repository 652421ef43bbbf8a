"""Writes pages: Jinja templates with escaping always on, and addresses of static files.

A static file's address carries a digest of its content, so that browsers keep it for good and
still see every change.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from dashboards.words import write_count

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
THEMES = ("light", "dark")
"""What the theme cookie may say; anything else means the system's choice."""


class Templates:
    """The pages' templates, compiled once."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {"static": static_address, "write_count": write_count}

    def page(
        self, request: Request, template: str, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """Write a page; `account` and `csrf` are its defaults for whoever is not signed in."""
        theme = request.cookies.get("sanaq_theme", "")
        defaults = {"theme": theme if theme in THEMES else "", "account": None, "csrf": ""}
        text = self._environment.get_template(template).render(defaults | values)
        return HTMLResponse(text, status)


@cache
def static_address(path: str) -> str:
    """The address of a file below `static/`; raises `FileNotFoundError` where set-up made none."""
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{quote(path)}?v={digest}"


class DigestedFiles(StaticFiles):
    """Serves static files: for good under the address with their digest, else for an hour."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve one file."""
        response = await super().get_response(path, scope)
        is_digested = scope["query_string"].startswith(b"v=")
        lifetime = "31536000, immutable" if is_digested else "3600"
        response.headers["cache-control"] = f"public, max-age={lifetime}"
        return response
