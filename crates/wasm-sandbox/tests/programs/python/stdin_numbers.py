# stdin 3\n10 20\n-5 7\n1 1\n
n = int(input())
total = 0
for _ in range(n):
    a, b = map(int, input().split())
    print(a + b)
    total += a + b
print("total", total)
try:
    input("more? ")
except EOFError:
    print("end of input")
