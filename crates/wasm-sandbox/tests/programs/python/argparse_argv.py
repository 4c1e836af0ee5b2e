# args input.txt --count 3 --flag
import argparse
import sys

parser = argparse.ArgumentParser()
parser.add_argument("file")
parser.add_argument("--count", type=int, default=1)
parser.add_argument("--flag", action="store_true")
options = parser.parse_args()
print(options.file, options.count, options.flag, sys.argv[1:])
