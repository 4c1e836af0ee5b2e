from abc import ABC, abstractmethod
from enum import Enum, auto


class InsufficientFunds(Exception):
    def __init__(self, needed, available):
        super().__init__(f"need {needed:.2f}, have {available:.2f}")
        self.needed = needed


class Kind(Enum):
    DEPOSIT = auto()
    WITHDRAWAL = auto()


class Account(ABC):
    _next = 1000

    def __init__(self, owner, balance=0.0):
        self.owner, self._balance, self.history = owner, balance, []
        self.number = Account._next
        Account._next += 1

    @property
    def balance(self):
        return self._balance

    @abstractmethod
    def fee(self) -> float: ...

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("deposit must be positive")
        self._balance += amount
        self.history.append((Kind.DEPOSIT, amount))

    def withdraw(self, amount):
        cost = amount + self.fee()
        if cost > self._balance:
            raise InsufficientFunds(cost, self._balance)
        self._balance -= cost
        self.history.append((Kind.WITHDRAWAL, amount))

    def __repr__(self):
        return f"{type(self).__name__}({self.owner!r}, {self._balance:.2f})"


class Checking(Account):
    def fee(self):
        return 1.0


class Savings(Account):
    def __init__(self, owner, balance=0.0, rate=0.02):
        super().__init__(owner, balance)
        self.rate = rate

    def fee(self):
        return 0.0

    def add_interest(self):
        self.deposit(self._balance * self.rate)


checking, savings = Checking("Ada", 100), Savings("Bob", 1000)
checking.withdraw(20)
savings.add_interest()
print(checking, savings, checking.number, savings.number, checking.history)
for act in (lambda: checking.withdraw(500), lambda: checking.deposit(-1), lambda: Account("x")):
    try:
        act()
    except (InsufficientFunds, ValueError, TypeError) as error:
        print(f"{type(error).__name__}: {error}")
try:
    checking.balance = 5
except AttributeError as error:
    print("read only")
