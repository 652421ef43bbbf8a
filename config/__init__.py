"""The vocabulary as data: purposes, fields, event types, PII rules, releases, tables, settings."""
