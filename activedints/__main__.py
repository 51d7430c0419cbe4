"""``python -m activedints``."""

from activedints.cli import main

if __name__ == "__main__":
    main()
