import unittest

from plugin import Document, Summary, summarize


class Plugin(unittest.TestCase):
    def test_documents_are_summarized(self):
        self.assertEqual(summarize(Document("motto", "trust nobody")), Summary("motto", 2, "nobody"))

    def test_a_document_may_be_empty(self):
        self.assertEqual(summarize(Document("nothing", " \n")), Summary("nothing", 0, ""))


unittest.main()
