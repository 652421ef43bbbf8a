"""May this role run this statement? Decided on the tree that the engine itself parsed.

The engine's grants are the first wall and this is the second: it refuses what grants do not
cover (files by name, functions that look outside, Python objects, changes of role) and whatever
it does not know. Every node of the tree must be of a known type, every function and table
function on a list, every table in one of the role's databases. Doubt refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from storage.embedded.failures import ServerError, access_denied, not_supported
from storage.embedded.formats import FORMATS
from storage.embedded.functions import TABLE_ENGINES, TABLE_FUNCTIONS, TABLE_PARTS, Functions
from storage.embedded.roles import Role
from storage.embedded.setting_rules import check_setting
from storage.embedded.words import words

Node = Mapping[str, Any]
"""A node of the tree: `type`, its fields, and the nodes below it."""

READING = words(
    """
    SelectWithUnionQuery SelectIntersectExceptQuery SelectQuery ExplainQuery ShowTablesQuery
    ShowColumnsQuery ShowIndexesQuery ExpressionList Function Identifier TableIdentifier Literal
    Asterisk QualifiedAsterisk ColumnsRegexpMatcher ColumnsListMatcher
    QualifiedColumnsRegexpMatcher QualifiedColumnsListMatcher ColumnsTransformerList
    ColumnsApplyTransformer ColumnsExceptTransformer ColumnsReplaceTransformer
    ColumnsReplaceTransformerReplacement Subquery WithElement TablesInSelectQuery
    TablesInSelectQueryElement TableExpression TableJoin ArrayJoin SampleRatio OrderByElement
    WindowDefinition WindowListElement InterpolateElement SetQuery QueryParameter DataType
    Collation
    """
)
"""Nodes that any role may use."""

WRITING = (
    READING
    | {"Columns definition"}
    | words(
        """
    InsertQuery CreateQuery AlterQuery AlterCommand DropQuery RenameQuery OptimizeQuery
    DeleteQuery UpdateQuery Assignment ColumnDeclaration IndexDeclaration ConstraintDeclaration
    ProjectionDeclaration ProjectionSelectQuery Projection Storage TTLElement TupleDataType
    Partition NameTypePair ViewTargets StorageOrderByElement
    """
    )
)
"""Nodes that the writer may use; for the changes themselves it needs the grants too."""

STATEMENTS = words(
    """
    SelectWithUnionQuery ExplainQuery ShowTablesQuery ShowColumnsQuery
    """
)
"""What a statement of a role that only reads may be."""

CHANGES = STATEMENTS | words(
    """
    InsertQuery CreateQuery AlterQuery DropQuery RenameQuery OptimizeQuery DeleteQuery
    UpdateQuery
    """
)
"""What a statement of the writer may be."""

FORBIDDEN_FIELDS = words(
    """
    out_file infile compression is_dictionary has_attach_from_path attach_from_path dictionary
    dictionary_definition definer sql_security is_time_series_table attach cluster from_path
    to_cluster is_temporary with_name
    """
)
"""Fields that reach outside the tables, wherever they stand; false and absent ones are harmless."""

ALTERATIONS = tuple(
    words(
        """
        ADD_ MODIFY_ DROP_ RENAME_ COMMENT_ MATERIALIZE_ REMOVE_ RESET_ CLEAR_ DELETE UPDATE
        REPLACE_PARTITION
        """
    )
)
"""How the commands of ALTER TABLE begin that stay within the tables' own rows."""

DATABASE_FIELDS = words("database from from_database to_database table_database as_database")
"""Fields that hold the database of a table that is named in parts."""

INFORMATION_SCHEMA = frozenset({"information_schema", "INFORMATION_SCHEMA"})
"""Views over `system` that show what the grants show."""


class Guard:
    """What one role may say to the engine."""

    def __init__(self, role: Role, functions: Functions) -> None:
        self._role = role
        self._functions = functions
        self._types = WRITING if role.writes else READING
        self._statements = CHANGES if role.writes else STATEMENTS

    def check(self, tree: Node, *, reads_only: bool = False) -> None:
        """Pass a statement's tree, or refuse it.

        `reads_only` holds even a role that may write to reading, as GET does.
        Errors: `ServerError`.
        """
        allowed = STATEMENTS if reads_only else self._statements
        if tree.get("type") not in allowed:
            raise access_denied("This statement is not open to this user")
        self._walk(tree)

    def _walk(self, value: Any) -> None:
        """Check a node and all below it; lists and plain values are passed through."""
        if isinstance(value, dict):
            if "type" in value:
                self._check_node(value)
            for name, below in value.items():
                self._check_field(name, below)
                self._walk(below)
        elif isinstance(value, list):
            for below in value:
                self._walk(below)

    def _check_node(self, node: Node) -> None:
        kind = node["type"]
        if kind not in self._types:
            raise not_supported("This statement has a part that the embedded warehouse refuses")
        if kind == "Function":
            self._check_function(node)
        elif kind == "TableIdentifier":
            self._check_table(node)
        elif kind == "TableExpression" and "table_function" in node:
            self._check_table_function(node["table_function"])
        elif kind == "ColumnsApplyTransformer":
            self._check_function_name(node.get("func_name", ""))
        elif kind == "SetQuery":
            self._check_settings(node)
        elif kind in ("CreateQuery", "DropQuery") and not node.get("table"):
            raise access_denied("Databases are neither made nor dropped here")
        elif kind == "AlterCommand" and not node["command_type"].startswith(ALTERATIONS):
            raise access_denied("This change of a table is not open here")

    def _check_field(self, name: str, value: Any) -> None:
        """Refuse fields that reach outside; check names of databases and formats."""
        if name in FORBIDDEN_FIELDS and value:
            raise access_denied("This statement reaches outside the tables")
        if name in DATABASE_FIELDS and isinstance(value, str | dict):
            self._check_database(value)
        if name in ("format", "format_ast"):
            check_format(value["name"] if isinstance(value, dict) else value)
        if name in ("as_table_function", "table_function") and value:
            self._check_table_function(value)

    def _check_function(self, node: Node) -> None:
        """Check a call; table functions and engines are checked where they stand."""
        kind = node.get("kind", "")
        if kind == "TABLE_ENGINE":
            if node["name"] not in TABLE_ENGINES:
                raise access_denied("This table engine is not open here")
        elif node["name"] not in TABLE_FUNCTIONS:
            self._check_function_name(node["name"])

    def _check_function_name(self, name: str) -> None:
        if self._role.writes and name.lower() in TABLE_PARTS:
            return
        if not self._functions.is_open(name):
            raise access_denied(f"Function {name} is not open here")

    def _check_table_function(self, node: Node) -> None:
        if node.get("name") not in TABLE_FUNCTIONS:
            raise access_denied("This table function is not open here")

    def _check_table(self, node: Node) -> None:
        """Check a table in FROM: `name`, or `database.name`, never by a parameter."""
        if not node.get("name"):
            raise access_denied("A table must be named in the statement itself")
        parts = node.get("name_parts", [node["name"]])
        if len(parts) == 1:
            return  # It lies in the connection's database, or is a WITH of the statement itself.
        self.check_table_name(parts)

    def check_table_name(self, parts: list[str]) -> None:
        """Pass `[database, table]`, or refuse it.

        Errors: `ServerError`.
        """
        if len(parts) != 2:
            raise access_denied("A table is named by its database and its name")
        database, table = parts
        if database in INFORMATION_SCHEMA:
            return
        if database == "system":
            if table not in self._role.system_tables:
                raise access_denied("This system table is not open to this user")
        elif database not in self._role.databases:
            raise access_denied("This database is not open to this user")

    def _check_database(self, value: str | Mapping[str, Any]) -> None:
        name = value if isinstance(value, str) else value.get("name", "")
        if name and name not in self._role.databases:
            raise access_denied("This database is not open to this user")

    def _check_settings(self, node: Node) -> None:
        if set(node) - {"type", "changes", "is_standalone"} or node.get("is_standalone"):
            raise not_supported("SET has no effect here: a statement brings its own settings")
        for change in node.get("changes", []):
            check_setting(change["name"])


def check_format(name: str) -> None:
    """Pass a format of answers or rows, or refuse it: some formats read files of their own.

    Errors: `ServerError`.
    """
    if name not in FORMATS:
        raise ServerError(73, "UNKNOWN_FORMAT", "This format is not open here")
