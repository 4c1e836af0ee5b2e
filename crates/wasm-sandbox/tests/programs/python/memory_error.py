try:
    block = bytearray(10**11)
except (MemoryError, OverflowError):
    print("too much")
try:
    items = [0] * 10**12
except (MemoryError, OverflowError):
    print("too many")
try:
    "x" * (1 << 60)
except (MemoryError, OverflowError):
    print("too long")
print(sum(range(10**6)))
