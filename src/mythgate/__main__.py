"""`python -m mythgate` is `mythgate`."""

from mythgate.cli import main

main()
