"""What is at rest: spool, warehouse, registry, keyring."""
