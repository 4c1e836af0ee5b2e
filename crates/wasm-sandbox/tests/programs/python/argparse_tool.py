# args sum 1 2 3.5 --round 1 --verbose
import argparse


def main(argv=None):
    parser = argparse.ArgumentParser(prog="calc", description="A calculator.")
    parser.add_argument("-v", "--verbose", action="store_true")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("sum", help="add numbers")
    add.add_argument("numbers", nargs="+", type=float)
    add.add_argument("--round", type=int, default=2, choices=range(5))
    options = parser.parse_args(argv)
    if options.verbose:
        print(options)
    print(round(sum(options.numbers), options.round))
    try:
        parser.parse_args(["sum", "x"])
    except SystemExit as stop:
        print("exit", stop.code)
    print(parser.format_usage().strip())


if __name__ == "__main__":
    main(["-v", "sum", "1", "2", "3.5", "--round", "1"])
