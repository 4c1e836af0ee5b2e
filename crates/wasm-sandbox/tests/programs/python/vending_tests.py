import io
import unittest
from contextlib import redirect_stderr


class Vending:
    PRICES = {"cola": 150, "chips": 100}

    def __init__(self):
        self.inserted = 0

    def insert(self, coin):
        if coin not in (10, 20, 50, 100, 200):
            raise ValueError(f"unknown coin {coin}")
        self.inserted += coin

    def buy(self, item):
        price = self.PRICES[item]
        if self.inserted < price:
            raise RuntimeError(f"{price - self.inserted} missing")
        change, self.inserted = self.inserted - price, 0
        coins = []
        for coin in (200, 100, 50, 20, 10):
            count, change = divmod(change, coin)
            coins += [coin] * count
        return coins


class VendingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.created = 0

    def setUp(self):
        type(self).created += 1
        self.machine = Vending()
        self.addCleanup(setattr, self, "machine", None)

    def test_change(self):
        self.machine.insert(200)
        self.assertListEqual(self.machine.buy("cola"), [50])

    def test_errors(self):
        with self.assertRaisesRegex(RuntimeError, "50 missing"):
            self.machine.insert(100)
            self.machine.buy("cola")
        self.assertRaises(ValueError, self.machine.insert, 3)
        self.assertRaises(KeyError, self.machine.buy, "tea")

    @unittest.expectedFailure
    def test_refunds(self):
        self.machine.refund()


with redirect_stderr(io.StringIO()) as told:
    program = unittest.main(exit=False, argv=["x"])
print(program.result.testsRun, program.result.wasSuccessful(), len(program.result.expectedFailures), "OK" in told.getvalue())
