import math
from fractions import Fraction


def sieve(limit):
    flags = bytearray([1]) * (limit + 1)
    flags[:2] = b"\0\0"
    for n in range(2, math.isqrt(limit) + 1):
        if flags[n]:
            flags[n * n :: n] = bytes(len(range(n * n, limit + 1, n)))
    return [n for n, flag in enumerate(flags) if flag]


primes = sieve(100_000)
print(len(primes), primes[-1], sum(primes))
print(math.gcd(1071, 462), pow(3, 200, 1_000_007), pow(3, -1, 7), math.perm(5, 2), math.isqrt(10**20))
print(2**521 - 1 == int(str(2**521 - 1)), len(str(math.factorial(500))), bin(1023).count("1"), (255).bit_length(), 0b1011 ^ 0xF)
print(sum(Fraction(1, n) for n in range(1, 11)), float(Fraction(22, 7)), round(Fraction(7, 3), 2))
print(int("ff", 16), f"{255:o}", float("inf") > 10**300, math.nan != math.nan, math.fsum([0.1] * 10), math.prod(range(1, 10)))
print(complex(3, 4).conjugate() * 1j, abs(3 + 4j), math.degrees(math.pi), math.copysign(1, -0.0), math.floor(-2.5), math.trunc(2.9))
import sys
sys.set_int_max_str_digits(10000)
print(len(str(7**10000)))
