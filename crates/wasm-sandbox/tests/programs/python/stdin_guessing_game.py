# stdin 50\n75\nabc\n62\n
SECRET = 62
for attempt in range(1, 8):
    try:
        guess = int(input("guess: "))
    except ValueError:
        print("a number, please")
        continue
    if guess == SECRET:
        print(f"right after {attempt}")
        break
    print("higher" if guess < SECRET else "lower")
else:
    print("no more attempts")
