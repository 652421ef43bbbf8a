"""Reads the docstrings that stand under attributes, which Python itself throws away."""

from __future__ import annotations

import ast
from pathlib import Path


def read_attribute_docs(file: Path, class_name: str | None = None) -> dict[str, str]:
    """Return attribute -> the docstring under it, of a class or of the module itself.

    Source order is kept. An attribute without one gives ''.
    """
    body = ast.parse(file.read_text()).body
    if class_name is not None:
        body = next(
            node.body for node in body if isinstance(node, ast.ClassDef) and node.name == class_name
        )
    following = [*body[1:], None]
    return {
        name: _read_text(after)
        for node, after in zip(body, following, strict=True)
        for name in _read_names(node)
    }


def _read_names(node: ast.stmt) -> list[str]:
    targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _read_text(node: ast.stmt | None) -> str:
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant):
        return ""
    text = node.value.value
    return " ".join(text.split()) if isinstance(text, str) else ""
