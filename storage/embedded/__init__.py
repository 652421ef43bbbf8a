"""The embedded warehouse: ClickHouse's own engine behind ClickHouse's HTTP interface, on loopback.

`server` runs it; `app` speaks HTTP; `requests` says what was asked; `access` decides whether this
role may ask it; `engine` runs it under the role's grants; `replies` gives the answer. Nothing
outside this folder talks to the engine: everyone else comes over HTTP, as to a cluster.
"""
