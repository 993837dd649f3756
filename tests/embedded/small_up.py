"""`carousel up` with small programs in place of the API and the dataflow."""

import sys
from pathlib import Path

from carousel import cli
from carousel.embedded import plan

program = str(Path(__file__).with_name("small_program.py"))
plan.Commands.__init__.__defaults__ = ((sys.executable, program), *plan.Commands.__init__.__defaults__[1:])  # type: ignore[index]
cli.main()
