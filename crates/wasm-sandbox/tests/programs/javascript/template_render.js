const render = (template, data) => template
  .replace(/\{\{#each (\w+)\}\}([\s\S]*?)\{\{\/each\}\}/g, (_, key, body) => data[key].map((item) => render(body, { ...data, ...item })).join(""))
  .replace(/\{\{#if (\w+)\}\}([\s\S]*?)(?:\{\{else\}\}([\s\S]*?))?\{\{\/if\}\}/g, (_, key, yes, no = "") => (data[key] ? render(yes, data) : render(no, data)))
  .replace(/\{\{(\w+(?:\.\w+)*)\}\}/g, (_, path) => String(path.split(".").reduce((v, k) => v?.[k], data) ?? "").replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]));
console.log(render(`<h1>{{title}}</h1>
{{#each items}}- {{name}}: {{price.amount}}{{#if sale}} (sale!){{else}} (full){{/if}}
{{/each}}{{missing}}`, { title: "A <b>", items: [{ name: "x & y", price: { amount: 1 }, sale: true }, { name: "z", price: { amount: 2 } }] }));
const markdown = (text) => text.replace(/^(#+) (.*)$/gm, (_, { length }, t) => `<h${length}>${t}</h${length}>`).replace(/\*\*(.+?)\*\*/g, "<b>$1</b>").replace(/\[(.+?)\]\((.+?)\)/g, '<a href="$2">$1</a>').replace(/^- (.*)$/gm, "<li>$1</li>");
console.log(markdown("# Hi\n**bold** and [link](http://x)\n- one\n- two"));
