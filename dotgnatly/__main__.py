"""``python -m dotgnatly``."""

import sys

from dotgnatly.cli import main

sys.exit(main())
