"""Request to spool to warehouse."""
