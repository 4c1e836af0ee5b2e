print(" ".join("Fizz" * (n % 3 == 0) + "Buzz" * (n % 5 == 0) or str(n) for n in range(1, 21)))
rules = {3: "Fizz", 5: "Buzz", 7: "Bazz"}
for n in (15, 21, 35, 105, 4):
    print("".join(word for divisor, word in rules.items() if not n % divisor) or n)
print(*map(lambda n: [n, "Fizz", "Buzz", "FizzBuzz"][(n % 3 == 0) + 2 * (n % 5 == 0)], range(1, 16)))
