# exit 1
import sys
import unittest


class Calculator:
    def divide(self, a, b):
        return a / b


class TestCalculator(unittest.TestCase):
    def setUp(self):
        self.calculator = Calculator()

    def test_divides(self):
        self.assertEqual(self.calculator.divide(6, 3), 2)
        self.assertAlmostEqual(self.calculator.divide(1, 3), 0.333, places=3)

    def test_zero(self):
        with self.assertRaises(ZeroDivisionError):
            self.calculator.divide(1, 0)

    def test_cases(self):
        for a, b, expected in [(4, 2, 2), (9, 3, 3)]:
            with self.subTest(a=a, b=b):
                self.assertEqual(self.calculator.divide(a, b), expected)

    def test_that_fails(self):
        self.assertIn("x", ["a", "b"])

    @unittest.skip("not yet")
    def test_later(self):
        self.fail()


if __name__ == "__main__":
    print("testing")
    unittest.main(verbosity=2)
