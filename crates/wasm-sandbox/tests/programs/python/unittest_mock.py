import unittest
from unittest import mock


class Client:
    def fetch(self, url):
        raise NotImplementedError


def title(client, url):
    return client.fetch(url)["title"].title()


class TestTitle(unittest.TestCase):
    def test_title(self):
        client = mock.create_autospec(Client, instance=True)
        client.fetch.return_value = {"title": "a tale"}
        self.assertEqual(title(client, "x"), "A Tale")
        client.fetch.assert_called_once_with("x")

    @mock.patch("time.time", return_value=1234.5)
    def test_patch(self, fake):
        import time

        self.assertEqual(time.time(), 1234.5)

    def test_side_effect(self):
        fake = mock.MagicMock(side_effect=[1, KeyError("k")])
        self.assertEqual(fake(), 1)
        self.assertRaises(KeyError, fake)
        with mock.patch.dict("os.environ", {"MODE": "test"}):
            import os

            self.assertEqual(os.environ["MODE"], "test")


result = unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(TestTitle))
print(result.testsRun, result.wasSuccessful())
