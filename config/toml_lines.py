"""The line on which every key of a TOML text stands, which `tomllib` does not tell.

Called by `config.loading` so that each complaint names its line. Walks text that `tomllib` has
already accepted, so it checks nothing itself.
"""

from __future__ import annotations

import re

Path = tuple[str | int, ...]
"""Keys and list positions from the top of the document to one value."""

_SKIP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)+")
_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LITERAL = re.compile(r"[^,\]}#\r\n]+")
_QUOTED = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)


def find_lines(text: str) -> dict[Path, int]:
    """Give the line, from 1, of every table, key and list element of a valid TOML text."""
    walker = _Walker(text)
    walker.walk_document()
    return walker.lines


class _Walker:
    """A cursor over the text that notes where each path begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {(): 1}
        self._counts: dict[Path, int] = {}

    def walk_document(self) -> None:
        """Note every header and every key, each under the header before it."""
        table: Path = ()
        self._skip(_SKIP)
        while self.at < len(self.text):
            if self.text.startswith("[[", self.at):
                table = self._header(2)
            elif self.text[self.at] == "[":
                table = self._header(1)
            else:
                self._pair(table)
            self._skip(_SKIP)

    def _header(self, brackets: int) -> Path:
        """Read `[a.b]` or `[[a.b]]`; give the path of the table that it opens."""
        start = self.at
        self.at += brackets
        path = self._resolve(self._key())
        self.at += brackets
        if brackets == 2:
            self._note(path, start)
            index = self._counts.get(path, 0)
            self._counts[path] = index + 1
            path = (*path, index)
        self._note(path, start)
        return path

    def _resolve(self, keys: tuple[str, ...]) -> Path:
        """Give the path of a header's keys, with the newest element of each list of tables.

        A table that no header of its own opens begins at the first header inside it.
        """
        path: Path = ()
        for position, key in enumerate(keys):
            path = (*path, key)
            if position < len(keys) - 1:
                self._note(path, self.at)
                if path in self._counts:
                    path = (*path, self._counts[path] - 1)
        return path

    def _pair(self, table: Path) -> None:
        start = self.at
        path = table
        for key in self._key():
            path = (*path, key)
            self._note(path, start)
        self.at += 1
        self._skip(_BLANK)
        self._value(path)

    def _key(self) -> tuple[str, ...]:
        """Read a dotted key and leave the cursor on the sign after it."""
        keys: list[str] = []
        while True:
            self._skip(_BLANK)
            keys.append(self._simple_key())
            self._skip(_BLANK)
            if not self.text.startswith(".", self.at):
                return tuple(keys)
            self.at += 1

    def _simple_key(self) -> str:
        bare = _BARE_KEY.match(self.text, self.at)
        if bare is not None:
            self.at = bare.end()
            return bare.group()
        start = self.at
        self._quoted()
        return self.text[start + 1 : self.at - 1]

    def _value(self, path: Path) -> None:
        if self.text[self.at] == "[":
            self._elements(path)
        elif self.text[self.at] == "{":
            self._inline_table(path)
        elif not self._quoted():
            self._skip(_LITERAL)

    def _elements(self, path: Path) -> None:
        index = 0
        self.at += 1
        self._skip(_SKIP)
        while self.text[self.at] != "]":
            self._note((*path, index), self.at)
            self._value((*path, index))
            index += 1
            self._skip_comma()
        self.at += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        self._skip(_SKIP)
        while self.text[self.at] != "}":
            self._pair(path)
            self._skip_comma()
        self.at += 1

    def _skip_comma(self) -> None:
        self._skip(_SKIP)
        if self.text[self.at] == ",":
            self.at += 1
        self._skip(_SKIP)

    def _quoted(self) -> bool:
        for pattern in _QUOTED:
            match = pattern.match(self.text, self.at)
            if match is not None:
                self.at = match.end()
                return True
        return False

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()

    def _note(self, path: Path, offset: int) -> None:
        self.lines.setdefault(path, self.text.count("\n", 0, offset) + 1)
