"""Forwarding: from spooled rows to what one recipient gets of them.

`selection` decides what may leave, `pseudonyms` makes ids that only the recipient knows, `forms`
write them in the recipient's language: all pure. `window` reads the spool, `relay` sends and keeps
the register; `collector.forwarder` is the process that runs one relay a recipient.
"""
