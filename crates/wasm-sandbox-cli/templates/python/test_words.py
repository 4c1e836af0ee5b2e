import unittest

from words import count


class Words(unittest.TestCase):
    def test_words_are_counted(self):
        self.assertEqual(count("trust nobody"), 2)

    def test_no_text_has_no_words(self):
        self.assertEqual(count(" \n"), 0)


unittest.main()
