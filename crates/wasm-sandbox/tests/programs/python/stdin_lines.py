# stdin banana\napple\n\ncherry
import sys

lines = [line.rstrip("\n") for line in sys.stdin]
print(sorted(filter(None, lines)), len(lines))
