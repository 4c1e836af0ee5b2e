import random
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal


class Bank:
    def __init__(self):
        self.accounts, self.journal = {}, []

    def open(self, owner, amount="0"):
        self.accounts[owner] = Decimal(amount)
        return self

    @contextmanager
    def transaction(self):
        before = dict(self.accounts)
        try:
            yield self
        except Exception as error:
            self.accounts = before
            self.journal.append(f"rolled back: {error}")
            raise
        else:
            self.journal.append("committed")

    def transfer(self, source, target, amount):
        amount = Decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)
        self.accounts[source] -= amount
        self.accounts[target] += amount
        if self.accounts[source] < 0:
            raise ValueError(f"{source} is short by {-self.accounts[source]}")


bank = Bank().open("ada", "100.00").open("bob")
with bank.transaction():
    bank.transfer("ada", "bob", "33.335")
try:
    with bank.transaction():
        bank.transfer("ada", "bob", "10")
        bank.transfer("ada", "bob", "1000")
except ValueError as error:
    print(error)
print(bank.accounts, bank.journal, sum(bank.accounts.values()))
rng = random.Random(3)
for _ in range(500):
    try:
        with bank.transaction():
            a, b = rng.sample(["ada", "bob"], 2)
            bank.transfer(a, b, str(rng.uniform(0, 80)))
    except ValueError:
        pass
print(sum(bank.accounts.values()) == 100, min(bank.accounts.values()) >= 0, bank.journal.count("committed"))
rate, balance = Decimal("0.035"), Decimal("1000")
for year in range(1, 4):
    balance = (balance * (1 + rate)).quantize(Decimal("0.01"))
print(balance, f"{balance:,.2f}", Decimal("1E+3") == 1000, Decimal("NaN").is_nan(), Decimal("1.10").normalize())
