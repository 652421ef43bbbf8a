"""One file per command of `sanaq`: each wires rooms together."""
