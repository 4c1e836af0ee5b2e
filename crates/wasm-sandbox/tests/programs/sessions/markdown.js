// %%
const escapeHtml = (text) => text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const inline = (text) => escapeHtml(text)
  .replace(/\*\*(.+?)\*\*/g, "<b>$1</b>")
  .replace(/`([^`]+)`/g, "<code>$1</code>")
  .replace(/\[([^\]]+)\]\(([^)]+)\)/g, '<a href="$2">$1</a>');
inline("**bold** & `x < y` [link](http://a.b)")
//> '<b>bold</b> &amp; <code>x &lt; y</code> <a href="http://a.b">link</a>'
// %%
function render(markdown) {
  const out = []; let list = false;
  for (const line of markdown.split("\n")) {
    const heading = /^(#{1,6})\s+(.*)/.exec(line), item = /^- (.*)/.exec(line);
    if (!item && list) { out.push("</ul>"); list = false }
    if (heading) out.push(`<h${heading[1].length}>${inline(heading[2])}</h${heading[1].length}>`);
    else if (item) { if (!list) { out.push("<ul>"); list = true } out.push(`<li>${inline(item[1])}</li>`) }
    else if (line.trim()) out.push(`<p>${inline(line)}</p>`);
  }
  if (list) out.push("</ul>");
  return out.join("");
}
render(`# Title
- one
- **two**

export const x = 1 is no statement
import y from "z" neither`)
//> '<h1>Title</h1><ul><li>one</li><li><b>two</b></li></ul><p>export const x = 1 is no statement</p><p>import y from &quot;z&quot; neither</p>'
// %%
const url = new URL("https://user@example.org:8080/a/b?x=1&y=two%20words&x=2#frag");
[url.host, url.searchParams.getAll("x"), url.searchParams.get("y"), url.hash]
//> [ 'example.org:8080', [ '1', '2' ], 'two words', '#frag' ]
// %%
new URL("/relative")
//! TypeError
// %%
import { parse } from "querystring"; import { inspect, format, promisify } from "util";
[{ ...parse("a=1&b=2") }, format("%s=%d", "n", 3), inspect({ deep: { er: { est: { x: 1 } } } }, { depth: 0 })]
//> [ { a: '1', b: '2' }, 'n=3', '{ deep: [Object] }' ]
// %%
await promisify((x, done) => setTimeout(() => done(null, x * 2), 1))(21)
//> 42
// %%
await promisify((x, done) => done(new TypeError("no")))(1)
//! TypeError
