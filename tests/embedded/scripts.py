"""Commands for the supervisor to look after."""

# Has a child of its own, as a dramatiq master has.
FAMILY = ("/bin/sh", "-c", 'echo "hello from $$"; sleep 1000 & wait')
# Does not stop when it is asked to.
STUBBORN = ("/bin/sh", "-c", "trap '' TERM; while :; do sleep 1000; done")
# Ends at once, always.
HOPELESS = ("/bin/sh", "-c", "echo no such luck; exit 3")
