"""The two files that the engine reads at start: its limits, and the roles with their grants.

Written anew at each start, so that what is on disk is what this version says.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from storage.embedded.roles import ROLES

ENGINE_XML = """<clickhouse>
  <users_config>{users}</users_config>
  <timezone>UTC</timezone>
  <max_server_memory_usage>{memory}</max_server_memory_usage>
  <max_server_memory_usage_to_ram_ratio>0.9</max_server_memory_usage_to_ram_ratio>
  <mark_cache_size>{cache}</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_mark_cache_size>{cache}</index_mark_cache_size>
  <max_concurrent_queries>64</max_concurrent_queries>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <merge_tree>
    <fsync_after_insert>1</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
"""
"""Limits of a guest in somebody's machine; the engine's own defaults are a big machine's owner's.

The three `number_of_free_entries` say when a pool counts as busy; the engine refuses to start
where they exceed the size of the pool.
"""

USERS_XML = """<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <roles>
{roles}
  </roles>
  <users>
    <default>
      <password></password>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants><query>GRANT {names}</query></grants>
    </default>
  </users>
</clickhouse>
"""
"""The engine has one user, who holds nothing but roles; each connection keeps one of them."""

ENGINE_ROLE = "sanaq_engine"
"""What the adapter itself uses: to parse, to cancel, to make the two databases."""

CACHE_SHARE = 32
"""One part in so many of the memory goes to each cache of marks."""


def write_engine_files(warehouse: Path, memory_bytes_max: int) -> Path:
    """Write both files into the warehouse's folder; give the first, which names the second.

    Errors: `OSError` where they cannot be written.
    """
    users = warehouse / "users.xml"
    users.write_text(_render_users())
    engine = warehouse / "engine.xml"
    cache = memory_bytes_max // CACHE_SHARE
    engine.write_text(
        ENGINE_XML.format(users=escape(str(users)), memory=memory_bytes_max, cache=cache)
    )
    return engine


def _render_users() -> str:
    grants = {role.name: role.grants for role in ROLES.values()} | {ENGINE_ROLE: ("ALL ON *.*",)}
    roles = "\n".join(_render_role(name, what) for name, what in grants.items())
    return USERS_XML.format(roles=roles, names=", ".join(grants))


def _render_role(name: str, grants: tuple[str, ...]) -> str:
    queries = "".join(f"<query>GRANT {escape(grant)}</query>" for grant in grants)
    return f"    <{name}><grants>{queries}</grants></{name}>"
