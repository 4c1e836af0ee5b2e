"""Prints how many words its arguments have, or its input."""

import sys

from words import count

print(count(" ".join(sys.argv[1:]) or sys.stdin.read()))
