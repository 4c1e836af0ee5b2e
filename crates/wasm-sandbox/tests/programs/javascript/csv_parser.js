function parseCsv(text) {
  const rows = [[""]];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    const row = rows[rows.length - 1];
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') row[row.length - 1] += text[++i];
      else if (c === '"') quoted = false;
      else row[row.length - 1] += c;
    } else if (c === '"') quoted = true;
    else if (c === ",") row.push("");
    else if (c === "\n") rows.push([""]);
    else if (c !== "\r") row[row.length - 1] += c;
  }
  return rows.filter((row) => row.length > 1 || row[0] !== "");
}
const [header, ...body] = parseCsv('name,note,score\r\nAda,"said ""hi"", twice",9.5\nBob,"two\nlines",8\n');
const records = body.map((row) => Object.fromEntries(row.map((value, i) => [header[i], value])));
console.log(records);
const toCsv = (items) => [Object.keys(items[0]), ...items.map(Object.values)].map((row) => row.map((v) => (/[",\n]/.test(v) ? `"${v.replaceAll('"', '""')}"` : v)).join(",")).join("\n");
console.log(toCsv(records));
