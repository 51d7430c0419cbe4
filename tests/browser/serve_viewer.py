"""Serves viewer_page.py: `python serve_viewer.py PORT`."""

import sys
from pathlib import Path

from activedints.ui import server

server.run(Path(__file__).with_name("viewer_page.py"), port=int(sys.argv[1]))
