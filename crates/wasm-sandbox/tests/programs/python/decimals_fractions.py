from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, getcontext, localcontext
from fractions import Fraction
import math
import statistics

print(Decimal("0.1") + Decimal("0.2"), 0.1 + 0.2, Decimal("2.675").quantize(Decimal("0.01"), ROUND_HALF_UP))
print(Decimal("2.665").quantize(Decimal("0.01"), ROUND_HALF_EVEN), Decimal(1) / Decimal(7))
with localcontext() as context:
    context.prec = 50
    print(Decimal(2).sqrt())
print(getcontext().prec, Fraction(1, 3) + Fraction(1, 6), Fraction("0.125"), Fraction(math.pi).limit_denominator(1000))
data = [2, 4, 4, 4, 5, 5, 7, 9]
print(statistics.mean(data), statistics.median(data), statistics.mode(data), statistics.pstdev(data))
print(statistics.quantiles(data, n=4), statistics.linear_regression([1, 2, 3], [2, 4, 6]), statistics.correlation([1, 2, 3], [3, 2, 1]))
print(statistics.NormalDist(0, 1).cdf(1.96).__round__(4), math.isclose(0.1 + 0.2, 0.3), math.comb(10, 3), math.lcm(4, 6))
