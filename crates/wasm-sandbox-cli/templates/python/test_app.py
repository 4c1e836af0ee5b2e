import unittest
from io import BytesIO

from app import application


def ask(query="", body=b""):
    """Status and body of the answer."""
    said = []
    environ = {"QUERY_STRING": query, "wsgi.input": BytesIO(body)}
    parts = application(environ, lambda status, fields: said.append(status))
    return said[0], b"".join(parts)


class Application(unittest.TestCase):
    def test_words_of_a_query_are_counted(self):
        self.assertEqual(ask(query="trust+nobody"), ("200 OK", b"2\n"))

    def test_words_of_a_body_are_counted(self):
        self.assertEqual(ask(body=b"trust nobody at all"), ("200 OK", b"4\n"))

    def test_no_text_has_no_words(self):
        self.assertEqual(ask(), ("200 OK", b"0\n"))


unittest.main()
