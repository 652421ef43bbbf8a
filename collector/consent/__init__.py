"""Consent: what was said, what is recorded, and who wins (design 4.5).

`evidence.read_evidence` makes one statement of each source that was there; what cannot be read says
nothing, and is never a grant. `resolution.resolve` joins statements, records and policy to one
decision a purpose.
"""
