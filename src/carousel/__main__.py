"""`python -m carousel`: the command line, by the interpreter one chooses."""

from carousel.cli import main

main()
