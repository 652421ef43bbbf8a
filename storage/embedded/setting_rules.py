"""Which settings a request may bring, and within which bounds.

Everything else is refused: among the engine's thousand settings are some that read files, change
the language or open a network connection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from storage.embedded.failures import ServerError
from storage.embedded.words import words

IGNORED = words(
    """
    enable_http_compression http_zlib_compression_level wait_end_of_query buffer_size
    send_progress_in_http_headers http_headers_progress_interval_ms http_response_buffer_size
    cancel_http_readonly_queries_on_client_close http_write_exception_in_output_format
    client_protocol_version session_timeout session_check session_id add_http_cors_header
    log_queries quota_key async_insert wait_for_async_insert
    http_native_compression_disable_checksumming_on_decompress
    """
)
"""What belongs to the transport, and is either done here or means nothing here."""

_NAMES = (
    "max_threads|max_block_size|max_insert_threads|max_insert_block_size|"
    "min_insert_block_size_(rows|bytes)|max_partitions_per_insert_block|"
    "max_rows_to_(read|group_by|sort|transfer)|max_bytes_to_read|(read|result)_overflow_mode|"
    "group_by_overflow_mode|timeout_overflow_mode|join_(algorithm|use_nulls|overflow_mode)|"
    "max_(rows|bytes)_in_(join|set|distinct)|max_bytes_before_external_(group_by|sort)|"
    "extremes|optimize_[a-z_]+|prefer_column_name_to_alias|session_timezone|"
    "insert_null_as_default|insert_deduplicate|insert_deduplication_token|"
    "deduplicate_blocks_in_dependent_materialized_views|mutations_sync|alter_sync|"
    "lightweight_deletes_sync|final|use_query_cache|count_distinct_implementation|"
    "aggregate_functions_null_for_empty|union_default_mode|date_time_(in|out)put_format|"
    "date_time_overflow_behavior|output_format_(json|csv|tsv|pretty|arrow|parquet|decimal|native)_[a-z0-9_]+|"
    "input_format_(arrow|parquet|csv|tsv|json|native|null|skip|defaults|allow|import|values)_[a-z0-9_]+|"
    "format_(csv|tsv)_[a-z_]+|enable_nullable_tuple_type|materialize_ttl_after_modify|"
    "enable_optimize_predicate_expression|query_plan_[a-z_]+|low_cardinality_[a-z_]+|"
    "cast_string_to_dynamic_use_inference|do_not_merge_across_partitions_select_final|max_final_threads|log_comment|"
    # What may stand before a statement of EXPLAIN.
    "actions|indexes|header|description|json|graph|compact|run_passes|dump_passes|dump_ast|"
    "projections|estimate|sorting|keep_logical_steps|oneline|query_tree_passes|optimize|"
    # What a table may be made with.
    "index_granularity|fsync_after_insert|fsync_part_directory|ttl_only_drop_parts|"
    "merge_with_ttl_timeout|non_replicated_deduplication_window|min_age_to_force_merge_seconds|"
    "deduplicate_merge_projection_mode|min_(bytes|rows)_for_wide_part|"
    "max_execution_time|max_memory_usage|max_result_rows|max_result_bytes"
)
_OPEN = re.compile(_NAMES)


@dataclass(frozen=True)
class Bounds:
    """The most that one query may take."""

    values: Mapping[str, int]
    """Setting -> its bound. A request may lower it and never raise it."""

    def apply(self, asked: Mapping[str, str]) -> dict[str, str]:
        """Give the settings that were asked for, none of them above its bound.

        Errors: `ServerError` where a bounded one is no whole number.
        """
        bounded = {name: str(_lower(asked.get(name), most)) for name, most in self.values.items()}
        return {**asked, **bounded}


def check_setting(name: str) -> None:
    """Pass the name of a setting, or refuse it.

    Errors: `ServerError`.
    """
    if not _OPEN.fullmatch(name):
        what = f"Setting {name} is not open here"
        raise ServerError(452, "SETTING_CONSTRAINT_VIOLATION", what)


def _lower(asked: str | None, most: int) -> int:
    """Give the smaller of both; 0 asks for no bound, and gets ours."""
    if asked is None:
        return most
    if not asked.isascii() or not asked.isdigit():
        raise ServerError(53, "TYPE_MISMATCH", "A limit is a whole number")
    return min(int(asked) or most, most)
