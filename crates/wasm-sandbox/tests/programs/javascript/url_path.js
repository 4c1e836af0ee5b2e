const path = require("path"), url = require("url"), querystring = require("querystring");
console.log(path.join("/a", "../b", "./c.txt"), path.resolve("/x", "y", "../z"), path.basename("/q/file.tar.gz", ".gz"), path.extname("a.b.c"), path.dirname("/a/b/c"), path.relative("/a/b", "/a/c/d"), path.normalize("a//b/../c/"), path.isAbsolute("x"), path.parse("/home/u/f.txt"), path.format({ dir: "/d", base: "f.x" }), path.sep);
const u = new URL("https://user:pw@example.com:8080/p/a/t/h?query=string&a=1&a=2#hash");
u.searchParams.append("new", "x y");
u.pathname = "/other";
console.log(u.href, u.host, u.origin, u.searchParams.getAll("a"), [...u.searchParams.keys()], u.hash);
console.log(new URL("../x?y#z", "http://h/a/b/c").href, new URLSearchParams({ q: "a&b", n: 1 }).toString(), URL.canParse?.("nope") ?? false);
try { new URL("nope"); } catch (e) { console.log(e.name, e.code); }
console.log(querystring.parse("a=1&b=2&a=3&c=%20x"), querystring.stringify({ x: [1, 2], y: "z w" }), url.fileURLToPath("file:///a/b"), url.pathToFileURL("/a b").href);
