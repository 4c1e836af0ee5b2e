const url = new URL("../c?x=1&y=%20a#h", "https://user:pw@example.com:8080/a/b/");
console.log(url.href, url.host, url.pathname, url.searchParams.get("y"), url.origin);
url.searchParams.append("z", "é &");
url.port = "443";
url.hash = "";
console.log(`${url}`);
console.log(URL.canParse("nope"), new URL("https://EXAMPLE.com/ü?q=ü").href);
try { new URL("nope"); } catch (e) { console.log(e.name, e.code, e.message); }
