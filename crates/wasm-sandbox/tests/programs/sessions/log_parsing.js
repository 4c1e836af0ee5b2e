// %%
const lines = `
2024-03-01T10:00:00Z INFO  [api] GET /users 200 12ms
2024-03-01T10:00:01Z WARN  [api] GET /users/7 404 3ms
2024-03-01T10:00:05Z ERROR [db] connection lost: timeout after 5000ms
2024-03-01T10:01:00Z INFO  [api] POST /orders 201 45ms
2024-03-01T10:01:02Z ERROR [api] GET /orders/9 500 120ms
not a log line
`.trim().split("\n");
lines.length
//> 6
// %%
const pattern = /^(?<time>\S+)\s+(?<level>[A-Z]+)\s+\[(?<source>\w+)\]\s+(?<message>.*)$/;
const entries = lines.flatMap((line) => {
  const found = line.match(pattern);
  return found ? [{ ...found.groups, time: new Date(found.groups.time) }] : [];
});
entries.length
//> 5
// %%
entries[1]
//> {
//> time: 2024-03-01T10:00:01.000Z,
//> level: 'WARN',
//> source: 'api',
//> message: 'GET /users/7 404 3ms'
//> }
// %%
Object.groupBy(entries, (e) => e.level).ERROR.map((e) => e.message)
//> [ 'connection lost: timeout after 5000ms', 'GET /orders/9 500 120ms' ]
// %%
const requests = entries
  .map((e) => e.message.match(/^(GET|POST) (\S+) (\d{3}) (\d+)ms$/))
  .filter(Boolean)
  .map(([, method, path, status, ms]) => ({ method, path, status: +status, ms: +ms }));
const latencies = requests.map((r) => r.ms).sort((a, b) => a - b);
const percentile = (p) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * p))];
({ p50: percentile(0.5), p95: percentile(0.95), max: Math.max(...latencies) })
//> { p50: 45, p95: 120, max: 120 }
// %%
const statuses = requests.reduce((m, { status }) => m.set(status, (m.get(status) || 0) + 1), new Map());
statuses
//> Map(4) { 200 => 1, 404 => 1, 201 => 1, 500 => 1 }
// %%
[...entries[4].message.matchAll(/\d+/g)].map((m) => m[0])
//> [ '9', '500', '120' ]
// %%
(entries.at(-1).time - entries[0].time) / 1000
//> 62
// %%
entries.map((e) => e.level.padEnd(6) + "|").join("\n")
//> 'INFO  |\nWARN  |\nERROR |\nINFO  |\nERROR |'
