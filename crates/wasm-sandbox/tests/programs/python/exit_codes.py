# exit 7
import atexit
import sys

atexit.register(lambda: print("goodbye"))


def main() -> int:
    print("working")
    return 7


if __name__ == "__main__":
    sys.exit(main())
