import json
import unittest

from mcp import answer


def ask(method, **params):
    return answer(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))


def called(name, **arguments):
    result = ask("tools/call", name=name, arguments=arguments)["result"]
    return result["isError"], result["content"][0]["text"]


class Server(unittest.TestCase):
    def test_it_speaks_the_version_of_its_client_if_it_can(self):
        for asked, spoken in [("2024-11-05", "2024-11-05"), ("2999-01-01", "2025-06-18")]:
            self.assertEqual(ask("initialize", protocolVersion=asked)["result"]["protocolVersion"], spoken)

    def test_tools_are_listed_and_called(self):
        tools = ask("tools/list")["result"]["tools"]
        self.assertEqual([tool["name"] for tool in tools], ["count_words"])
        self.assertEqual(called("count_words", text="trust nobody"), (False, "2"))
        self.assertEqual(called("count_words", text=5), (True, "`text` must be a string"))

    def test_what_is_unknown_is_refused(self):
        self.assertEqual(ask("tools/call", name="other")["error"]["code"], -32602)
        self.assertEqual(ask("other")["error"]["code"], -32601)
        self.assertEqual(answer("[]")["error"]["code"], -32600)
        self.assertEqual(answer("{")["error"]["code"], -32700)

    def test_notifications_are_not_answered(self):
        self.assertIsNone(answer('{"jsonrpc":"2.0","method":"notifications/initialized"}'))


unittest.main()
